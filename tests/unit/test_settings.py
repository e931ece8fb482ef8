"""Settings: read once, and never a secret in what they show of themselves."""

from __future__ import annotations

from emoconsent.settings import from_environ


def test_no_secret_is_shown() -> None:
    """Passwords in the URLs and root keys in the environment stay out of a settings object's repr."""
    settings = from_environ(
        {
            "EMOCONSENT_DATABASE_URL": "postgresql://shop:secret-1@db/data",
            "EMOCONSENT_KEYSTORE_URL": "postgresql://shop:secret-2@db/keys",
            "EMOCONSENT_ROOT_KEY": "secret-3",
            "HOME": "/home/shop",
        }
    )
    assert settings.database_url == "postgresql://shop:secret-1@db/data"
    assert "secret" not in f"{settings!r}{settings}"
