"""The age of digital consent: attacks on the table's edges."""

import pytest

from emoconsent.policy.regimes import (
    CONSENT_AGES,
    REGIME_OF,
    REGIMES,
    STRICTEST_AGE,
    YOUNGEST,
    age_of_consent,
    needs_guardian,
    regime_of,
)


@pytest.mark.parametrize(
    ("jurisdiction", "band", "expected"),
    [
        ("EU", "minor", True),
        ("CN", "minor", False),
        ("CN", "child", True),
        ("US-CA", "child", True),
        ("US-CA", "minor", False),
        ("BR", "child", True),
        ("BR", "minor", False),
        ("IN", "minor", True),
        ("IN", "adult", False),
    ],
)
def test_band_against_each_law(jurisdiction, band, expected):
    """A band needs a guardian exactly where some age within it lies below the law's."""
    assert needs_guardian(jurisdiction, band) is expected


@pytest.mark.parametrize("jurisdiction", [None, "", "XX", "cn", "EU ", "US"])
def test_unknown_jurisdiction_is_the_strictest(jurisdiction):
    """A jurisdiction that is unknown, misspelt or absent gives nobody under 18 a say of their own."""
    assert age_of_consent(jurisdiction) == STRICTEST_AGE == 18
    assert needs_guardian(jurisdiction, "minor")


@pytest.mark.parametrize("jurisdiction", [*CONSENT_AGES, None])
def test_unknown_band_needs_a_guardian(jurisdiction):
    """A band that the table does not know is treated as the youngest."""
    assert needs_guardian(jurisdiction, "Adult")
    assert needs_guardian(jurisdiction, "")


@pytest.mark.parametrize("jurisdiction", [*CONSENT_AGES, None])
def test_nobody_declared_and_grown_ups_need_none(jurisdiction):
    """Adults decide for themselves everywhere; without a declaration there is no guardian to ask."""
    assert not any(needs_guardian(jurisdiction, band) for band in ("adult", "elderly", None))


def test_rows_are_whole():
    """Each row is filed under its own code, names its basis and holds an age somebody can have."""
    assert all(code == row.jurisdiction and row.basis for code, row in CONSENT_AGES.items())
    assert all(12 <= row.age <= 18 for row in CONSENT_AGES.values())
    assert set(YOUNGEST) == {"child", "minor", "adult", "elderly"}


@pytest.mark.parametrize(
    ("jurisdiction", "regime"),
    [("CN", "pipl"), ("US-CA", "ccpa"), ("US", "ccpa"), ("BR", "lgpd"), ("IN-MH", "dpdp"), ("EU", "gdpr")]
    + [(nowhere, "gdpr") for nowhere in (None, "", "XX", "cn", "CNX", "-CN")],
)
def test_the_law_of_a_request(jurisdiction, regime):
    """The country's law, in all of its parts; what is unknown, misspelt or absent gets the GDPR."""
    assert regime_of(jurisdiction) == regime
    assert {*REGIME_OF.values(), "gdpr"} == set(REGIMES)
