"""A portal's settings: each unsafe one is refused, by the name of the variable to set."""

from __future__ import annotations

from typing import Any

import pytest

from emoconsent.errors import ConfigurationError
from portal.config import Handoff, PortalConfig, from_environ

OPEN: dict[str, Any] = {"hosts": ("consent.shop.example",), "https": True}


@pytest.mark.parametrize(("values", "names"), [
    ({"hosts": ()}, "HOSTS"),
    ({"hosts": ("*",), "https": True}, "HOSTS"),
    ({"hosts": ("*.shop.example",), "https": True}, "HOSTS"),
    ({"hosts": ("shop.example:443",), "https": True}, "HOSTS"),
    ({"hosts": ("https://shop.example",), "https": True}, "HOSTS"),
    ({"hosts": ("",), "https": True}, "HOSTS"),
    ({"hosts": ("shop.example",)}, "HTTPS"),
    ({"hosts": ("localhost", "shop.example")}, "HTTPS"),
    ({**OPEN, "debug": True}, "DEBUG"),
    ({"workers": 2}, "LIMITS"),
    ({"workers": 2, "limits": "MEMORY://"}, "LIMITS"),
    ({"workers": 2, "limits": "async+memory://"}, "LIMITS"),
    ({"limits": ""}, "LIMITS"),
    ({"limits": "memcached://x"}, "LIMITS"),
    ({"workers": 0}, "WEB_CONCURRENCY"),
    ({"workers": -1}, "WEB_CONCURRENCY"),
    ({"proxies": -1}, "PROXIES"),
    ({"mail": ""}, "MAIL"),
    ({"mail": "folder:"}, "MAIL"),
    ({"mail": "smtp://"}, "MAIL"),
    ({"mail": "http://x"}, "MAIL"),
    ({"authority": ("A", "javascript:alert(1)")}, "AUTHORITY_URL"),
    ({"handoff": Handoff("i", "a", "k" * 31, "HS256")}, "HANDOFF_KEY"),
    ({"handoff": Handoff("i", "a", "k", "none")}, "HANDOFF_ALGORITHM"),
])  # fmt: skip
def test_what_is_unsafe_is_refused(values: dict[str, Any], names: str) -> None:
    """Each unsafe setting is refused with the name of what to set."""
    with pytest.raises(ConfigurationError, match=names):
        PortalConfig(**values)


@pytest.mark.parametrize("values", [
    {}, OPEN, {"debug": True}, {"hosts": ("[::1]",)}, {"workers": 4, "limits": "valkey://10.0.0.1:6379"},
    {"workers": 4, "limits": "rediss://u:p@cache:6379/1"}, {"mail": "smtps://u:p@mail.example:465"}, {"mail": "folder:mail"},
    {"handoff": Handoff("i", "a", "k" * 32, "HS256")}, {"authority": ("A", "https://authority.example")},
])  # fmt: skip
def test_what_is_safe_is_taken(values: dict[str, Any]) -> None:
    """Nothing sensible is refused by mistake."""
    PortalConfig(**values)


@pytest.mark.parametrize(("name", "value"), [
    ("EMOCONSENT_PORTAL_DEBUG", "1"), ("EMOCONSENT_PORTAL_HTTPS", "true"), ("EMOCONSENT_PORTAL_PROXIES", "one"),
    ("WEB_CONCURRENCY", "4"), ("WEB_CONCURRENCY", "x"), ("EMOCONSENT_PORTAL_HANDOFF_ISSUER", "shop"),
    ("EMOCONSENT_PORTAL_OIDC_ISSUER", "https://id.example"), ("EMOCONSENT_PORTAL_STAFF_OIDC_CLIENT_ID", "c"),
    ("EMOCONSENT_PORTAL_HOSTS", "shop.example"), ("EMOCONSENT_PORTAL_HOSTS", " , "), ("EMOCONSENT_PORTAL_MAIL", "http://[x"),
])  # fmt: skip
def test_a_variable_that_is_wrong_is_named(name: str, value: str) -> None:
    """Half a provider, a word for a number, a truth that is neither yes nor no: refused, never guessed."""
    with pytest.raises(ConfigurationError, match=r"EMOCONSENT_PORTAL_|WEB_CONCURRENCY"):
        from_environ({name: value})


def test_no_secret_is_shown() -> None:
    """Neither the settings nor a refusal show a key."""
    config = PortalConfig(handoff=Handoff("i", "a", "k" * 40, "HS256"))
    assert "kkkk" not in repr(config)
    with pytest.raises(ConfigurationError) as refused:
        PortalConfig(handoff=Handoff("i", "a", "kkkkk", "HS256"))
    assert "kkkk" not in str(refused.value)
