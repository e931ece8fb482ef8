"""Where a store is and how it is run: one frozen value, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from emoconsent.errors import ConfigurationError
from emoconsent.rights.opendsr.signing import Identity
from emoconsent.rights.recipients.target import NOBODY, Policy, is_host

PREFIX: Final = "EMOCONSENT_"
ROOT_KEY: Final = "EMOCONSENT_ROOT_KEY"
PROFILES: Final = {"development": 1, "production": 2}


@dataclass(frozen=True, slots=True)
class Settings:
    """A store's settings.

    Attributes:
        folder: the embedded store's folder; None when the URLs name PostgreSQL databases.
        database_url, keystore_url: the data store and the key store, two different databases.
        config_home: root keys are files below it, unless ``EMOCONSENT_ROOT_KEY`` is set.
        state_home: the closing list's outside copy is below it.
        environ: what root keys may be read from.
        approvals_required: how many administrators approve a recognizer.
        sandbox: a temporary store whose receipts say TEST; marked so for ever.
        recipients: which hosts recipients may be reached at.
        opendsr: as whom other controllers' requests are answered; None: not at all.
    """

    folder: Path | None
    database_url: str | None = field(repr=False)  # may hold a password
    keystore_url: str | None = field(repr=False)
    config_home: Path
    state_home: Path
    environ: Mapping[str, str] = field(repr=False)
    approvals_required: int = 1
    sandbox: bool = False
    recipients: Policy = NOBODY
    opendsr: Identity | None = None


def for_folder(folder: Path | str, environ: Mapping[str, str], *, sandbox: bool = False) -> Settings:
    """Settings of an embedded store in *folder*."""
    config, state = _homes(environ)
    approvals = PROFILES[_profile(environ)]
    allowed = _recipients(environ, sandbox=sandbox)
    answers = _opendsr(environ)
    return Settings(
        Path(folder), None, None, config, state, dict(environ), approvals, sandbox, allowed, answers
    )


def from_environ(environ: Mapping[str, str]) -> Settings:
    """Settings from ``EMOCONSENT_*`` variables.

    ``EMOCONSENT_DATABASE_URL`` and ``EMOCONSENT_KEYSTORE_URL`` together, or ``EMOCONSENT_FOLDER``.

    Raises:
        ConfigurationError: says which variable is missing or at odds with another.
    """
    database, keystore = environ.get(PREFIX + "DATABASE_URL"), environ.get(PREFIX + "KEYSTORE_URL")
    folder = environ.get(PREFIX + "FOLDER")
    if bool(database) != bool(keystore):
        raise ConfigurationError(
            "set both EMOCONSENT_DATABASE_URL and EMOCONSENT_KEYSTORE_URL: keys never share the data's "
            "database"
        )
    if database and database == keystore:
        raise ConfigurationError(
            "EMOCONSENT_DATABASE_URL and EMOCONSENT_KEYSTORE_URL name the same database; a backup of one "
            "would hold both, and no erasure would be one"
        )
    if database and folder:
        raise ConfigurationError(
            "EMOCONSENT_FOLDER and EMOCONSENT_DATABASE_URL exclude each other; unset one"
        )
    if not database:
        if not folder:
            raise ConfigurationError(
                "set EMOCONSENT_FOLDER, or EMOCONSENT_DATABASE_URL and EMOCONSENT_KEYSTORE_URL"
            )
        return for_folder(folder, environ)
    config, state = _homes(environ)
    approvals, allowed = PROFILES[_profile(environ)], _recipients(environ, sandbox=False)
    return Settings(
        None,
        database,
        keystore,
        config,
        state,
        dict(environ),
        approvals,
        recipients=allowed,
        opendsr=_opendsr(environ),
    )


def _profile(environ: Mapping[str, str]) -> str:
    name = environ.get(PREFIX + "PROFILE", "development")
    if name not in PROFILES:
        raise ConfigurationError(f"EMOCONSENT_PROFILE: one of {', '.join(PROFILES)}")
    return name


def _recipients(environ: Mapping[str, str], *, sandbox: bool) -> Policy:
    """The hosts that the operator names; this machine only where that is said, or in a sandbox."""
    names = environ.get(PREFIX + "RECIPIENT_HOSTS", "").replace(",", " ").split()
    wrong = [name for name in names if not is_host(name)]
    if wrong:
        raise ConfigurationError(
            "EMOCONSENT_RECIPIENT_HOSTS: names of hosts in lower case, separated by commas; international "
            f"ones as xn--...: {wrong[0]!a} is none"
        )
    loopback = environ.get(PREFIX + "RECIPIENT_LOOPBACK", "no")
    if loopback not in ("yes", "no"):
        raise ConfigurationError("EMOCONSENT_RECIPIENT_LOOPBACK: yes or no")
    return Policy(frozenset(names), loopback=sandbox or loopback == "yes")


def _opendsr(environ: Mapping[str, str]) -> Identity | None:
    """As whom this store is a processor: all of it, or nothing."""
    names = ("DOMAIN", "CERTIFICATE", "KEY")
    domain, certificate, key = found = [environ.get(f"{PREFIX}OPENDSR_{name}", "") for name in names]
    if not any(found):
        return None
    if not all(found):
        raise ConfigurationError(
            "EMOCONSENT_OPENDSR_DOMAIN, EMOCONSENT_OPENDSR_CERTIFICATE and EMOCONSENT_OPENDSR_KEY belong "
            "together; set or unset all three"
        )
    if not is_host(domain):
        raise ConfigurationError("EMOCONSENT_OPENDSR_DOMAIN: the name of a host in lower case")
    # OpenDSR 6.3: on the domain that it is for.
    if not certificate.startswith(f"https://{domain}/") or not certificate.isprintable():
        raise ConfigurationError(
            "EMOCONSENT_OPENDSR_CERTIFICATE: an https address on EMOCONSENT_OPENDSR_DOMAIN"
        )
    return Identity(domain, certificate, Path(key))


def _homes(environ: Mapping[str, str]) -> tuple[Path, Path]:
    """The XDG base directories for configuration and state."""
    home = Path(environ.get("HOME") or Path.home())
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "emoconsent"
    state = Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "emoconsent"
    return config, state
