"""What the doctor looks at in the portal's environment, where one is set for other people to reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emoconsent.cli.findings import Finding, failure, ok, warning
from emoconsent.errors import ConfigurationError, MissingExtra


def settings(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Findings about ``EMOCONSENT_PORTAL_*``; none where no host but this machine is named."""
    if not environ.get("EMOCONSENT_PORTAL_HOSTS"):
        return
    try:
        from portal.config import from_environ, on_loopback
    except ImportError:
        yield failure(
            "portal", "it is set up and its libraries are missing", MissingExtra.remedy_for("portal")
        )
        return
    try:
        config = from_environ(environ)
    except ConfigurationError as error:
        yield failure("portal", str(error), "set the variables that the message names")
        return
    if all(map(on_loopback, config.hosts)):
        return
    if not any(config.authority):
        remedy = "set EMOCONSENT_PORTAL_AUTHORITY_NAME and EMOCONSENT_PORTAL_AUTHORITY_URL"
        yield warning("portal", "no page names the authority where people can complain", remedy)
    else:
        yield ok("portal", "its settings hold, and its pages name the supervisory authority")
