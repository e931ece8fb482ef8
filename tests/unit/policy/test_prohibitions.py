"""What no consent allows: one attempt to get through each rule, one near miss, and monotonicity."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.policy.context import CallContext
from emoconsent.policy.families import BANDS
from emoconsent.policy.prohibitions import PROHIBITIONS, prohibited
from emoconsent.vocabulary import PURPOSES, Modality, Reason

ORDINARY = (
    "customer_care",
    "dispute_management",
    "claims_management",
    "service_monitoring",
    "service_improvement",
)
RULES = {rule.id: rule for rule in PROHIBITIONS}


def ask(purpose="customer_care", modality="text", age_band=None, separate=True, iri=None, **context):
    return prohibited(
        purpose,
        Modality(modality),
        CallContext(**context),
        age_band=age_band,
        separate_consent=separate,
        iri=iri,
    )


ATTEMPTS = [
    ("H1", {"subject_role": "employee", "modality": "voice"}),
    ("H1", {"subject_role": "agent", "modality": "text"}),
    ("H1", {"subject_role": "applicant", "modality": "face"}),
    ("H1", {"subject_role": "student", "purpose": "academic_research"}),
    ("H1", {"purpose": "personnel_monitoring"}),
    ("H1", {"purpose": "wellbeing", "iri": "https://w3id.org/dpv#PersonnelPerformanceManagement"}),
    ("H1", {"subject_role": "employee", "purpose": "mood", "iri": "urn:shop:safety"}),
    ("H2", {"channel": "phone", "modality": "voice", "separated_audio": False}),
    ("H2", {"channel": "video", "modality": "face", "separated_audio": False}),
    ("H2", {"modality": "voice", "separated_audio": False}),
    ("H3", {"downstream_use": "promotion"}),
    ("H3", {"downstream_use": "Upsell on distress"}),
    ("H3", {"purpose": "anxiety-discount", "iri": "https://shop.example/ns#kindness"}),
    ("H3", {"purpose": "kindness", "iri": "https://shop.example/ns#retention_by_guilt"}),
    ("H6", {"purpose": "advertising", "age_band": "minor"}),
    ("H6", {"purpose": "news", "iri": "http://w3id.org/dpv#directMarketing", "age_band": "child"}),
    ("H6", {"purpose": "marketing", "age_band": "minor", "context_age": "adult"}),
    ("H6", {"downstream_use": "advertising", "context_age": "child", "age_band": "adult"}),
    ("H4", {"purpose": "recommendation", "age_band": "elderly"}),
    ("H4", {"purpose": "marketing", "age_band": "elderly"}),
    ("H4", {"downstream_use": "personalisation", "age_band": "minor"}),
    ("H5", {"purpose": "pricing", "age_band": "adult"}),
    ("H5", {"downstream_use": "refund-eligibility", "age_band": "adult"}),
    ("H5", {"downstream_use": "queue_priority", "age_band": "adult"}),
    ("H7", {"downstream_use": "religion", "modality": "face"}),
    ("H7", {"purpose": "infer_race", "modality": "voice"}),
    ("H7", {"downstream_use": "infer sexual orientation"}),
    ("H8", {"purpose": "model_training", "separate": False}),
    ("H8", {"purpose": "third_party_sharing", "separate": False}),
    ("H8", {"purpose": "export", "iri": "https://w3id.org/dpv#CrossBorderTransfer", "separate": False}),
    ("H8", {"downstream_use": "model_training", "separate": True}),
    ("H9", {"channel": "public_space", "modality": "face"}),
    ("H10", {"downstream_use": "degrade_service"}),
    ("H10", {"purpose": "refusal_penalty"}),
    ("H11", {"automated": True}),
]


@pytest.mark.parametrize(("rule", "attempt"), ATTEMPTS)
def test_attempt_is_denied_by_its_rule(rule, attempt):
    """No consent, other name, other spelling or contradicting statement gets past the rule."""
    attempt = dict(attempt)
    context_age = attempt.pop("context_age", None)
    age = attempt.pop("age_band", None)
    verdict = prohibited(
        attempt.pop("purpose", "customer_care"),
        Modality(attempt.pop("modality", "text")),
        CallContext(
            age_band=context_age, **{k: v for k, v in attempt.items() if k not in ("separate", "iri")}
        ),
        age_band=age,
        separate_consent=attempt.get("separate", True),
        iri=attempt.get("iri"),
    )
    assert verdict is not None
    assert (verdict.rule, verdict.missing) == (rule, None)
    assert verdict.reason is RULES[rule].reason
    assert rule in verdict.explanation


NEAR_MISSES = [
    ("H1", {"subject_role": "employee", "purpose": "safety", "modality": "voice"}),
    ("H1", {"subject_role": "customer", "modality": "voice"}),
    ("H2", {"channel": "phone", "modality": "voice", "separated_audio": True}),
    ("H2", {"channel": "phone", "modality": "text", "separated_audio": False}),
    ("H3", {"downstream_use": "assist_agent"}),
    ("H4", {"purpose": "recommendation", "age_band": "adult"}),
    ("H5", {"downstream_use": "routing"}),
    ("H6", {"purpose": "advertising", "age_band": "adult"}),
    ("H6", {"purpose": "customer_care", "age_band": "child"}),
    ("H7", {"downstream_use": "escalation", "modality": "face"}),
    ("H8", {"purpose": "model_training", "separate": True}),
    ("H9", {"channel": "public_space", "modality": "voice"}),
    ("H9", {"channel": "upload", "modality": "face"}),
    ("H10", {"downstream_use": "show_subject"}),
    ("H11", {"automated": False}),
]


@pytest.mark.parametrize(("rule", "case"), NEAR_MISSES)
def test_near_miss_passes(rule, case):
    """What lies just outside a rule is not forbidden by it, nor by any other."""
    assert ask(**case) is None


@pytest.mark.parametrize(
    ("missing", "case"),
    [
        ("subject_role", {"subject_role": None}),
        ("subject_role", {"subject_role": "worker"}),
        ("separated_audio", {"channel": "phone", "modality": "voice"}),
        ("separated_audio", {"channel": "call", "modality": "face"}),
        ("channel", {"channel": "telephone", "modality": "voice"}),
        ("channel", {"channel": "street", "modality": "face", "separated_audio": True}),
        ("age_band", {"purpose": "marketing"}),
        ("age_band", {"purpose": "recommendation", "age_band": "grown-up"}),
        ("age_band", {"purpose": "recommendation", "age_band": "toString"}),
        ("downstream_use", {"downstream_use": "special_offer"}),
        ("downstream_use", {"downstream_use": ""}),
    ],
)
def test_unstated_or_unknown_attribute_denies_and_is_named(missing, case):
    """What nobody stated, or stated in words unknown to the policy, is never taken as harmless."""
    verdict = ask(**case)
    assert verdict is not None
    assert verdict.missing == missing
    assert missing in verdict.explanation


@pytest.mark.parametrize("purpose", ORDINARY)
@pytest.mark.parametrize("modality", list(Modality))
@pytest.mark.parametrize("age", [None, "child", "minor", "adult", "elderly"])
def test_ordinary_call_is_not_prohibited(purpose, modality, age):
    """A plain call about a customer passes in each modality and at each age: consent decides there."""
    assert prohibited(purpose, modality, CallContext(), age_band=age, separate_consent=False) is None


def test_data_is_whole():
    """Eleven rules, each once, bilingual, with a basis; those on AI Act art. 5 can never be loosened."""
    assert sorted(RULES, key=lambda i: int(i[1:])) == [f"H{n}" for n in range(1, 12)]
    assert len(RULES) == len(PROHIBITIONS)
    for rule in PROHIBITIONS:
        assert rule.title_en and rule.basis
        assert any("一" <= c <= "鿿" for c in rule.title_zh)
        assert rule.loosenable is ("AI Act art. 5" not in rule.basis)
        assert rule.reason in (Reason.PROHIBITED, Reason.VULNERABLE_SUBJECT)


def test_explanation_never_echoes_input():
    """A purpose or a use that holds personal data is not repeated in the explanation."""
    verdict = ask(purpose="alice@example.org", downstream_use="alice likes blue", channel="alice's phone")
    assert verdict is not None
    assert "alice" not in verdict.explanation


# Each chain runs from free to restricted: a step to the right states a restriction, or less.
CHAINS = {
    "subject_role": ("customer", None, "employee"),
    "channel": (None, "phone"),
    "downstream_use": (None, "pricing"),
    "automated": (False, True),
    "separated_audio": (True, None, False),
    "age_band": ("adult", "elderly"),
}
ROLES = (None, "customer", "employee", "agent", "applicant", "student", "stranger")
AGES = (None, "child", "minor", "adult", "elderly", "unknown")


def test_whole_table_never_loosens():
    """For every purpose, modality, role and age, adding a restriction never allows what was denied."""
    restrictions = (
        {"automated": True},
        {"separated_audio": False},
        {"downstream_use": "promotion"},
        {"downstream_use": "degrade_service"},
        {"age_band": "child"},
        {"age_band": "elderly"},
        {"subject_role": "employee"},
    )
    denied = 0
    for purpose, modality, role, age in product(PURPOSES, Modality, ROLES, AGES):
        context = CallContext(subject_role=role)
        before = prohibited(purpose, modality, context, age_band=age, separate_consent=True)
        if before is None:
            continue
        denied += 1
        assert prohibited(purpose, modality, context, age_band=age, separate_consent=False)
        for restriction in restrictions:
            after = replace(context, **restriction)
            assert prohibited(purpose, modality, after, age_band=age, separate_consent=True), (
                purpose,
                modality,
                role,
                age,
                restriction,
            )
    assert denied > 1000


def test_age_declared_restricts_like_age_stated():
    """Declaring somebody vulnerable never allows what was denied to an adult or to nobody known."""
    stated_ages = [age for age in AGES if age in {None, *BANDS}]
    for purpose, modality, role, stated in product(PURPOSES, Modality, ROLES, stated_ages):
        context = CallContext(subject_role=role, age_band=stated)
        for weaker, stronger in (("adult", "elderly"), ("adult", "child"), (None, "minor"), ("adult", "?")):
            before = prohibited(purpose, modality, context, age_band=weaker, separate_consent=True)
            after = prohibited(purpose, modality, context, age_band=stronger, separate_consent=True)
            assert after is not None or before is None


positions = st.fixed_dictionaries({name: st.integers(0, len(chain) - 1) for name, chain in CHAINS.items()})
steps = st.fixed_dictionaries({name: st.integers(0, 2) for name in CHAINS})


@given(
    st.sampled_from(sorted(PURPOSES)),
    st.sampled_from(list(Modality)),
    st.sampled_from(AGES),
    st.tuples(st.booleans(), st.booleans()),
    positions,
    steps,
)
def test_any_restrictions_together_never_loosen(purpose, modality, age, separate, at, step):
    """However many attributes become stricter at once, a denial stays a denial."""

    def context(offsets):
        return CallContext(
            **{n: chain[min(at[n] + offsets[n], len(chain) - 1)] for n, chain in CHAINS.items()}
        )

    before = prohibited(
        purpose, modality, context(dict.fromkeys(CHAINS, 0)), age_band=age, separate_consent=max(separate)
    )
    after = prohibited(purpose, modality, context(step), age_band=age, separate_consent=min(separate))
    assert after is not None or before is None
