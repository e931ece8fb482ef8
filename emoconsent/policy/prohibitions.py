"""What no consent allows: rules H1 to H11 of ``reference/standards.md`` 4.3 as data.

The gate asks ``prohibited`` first. Each rule looks at one ``Case`` and says whether it applies. A
rule that needs an attribute which nobody stated applies too, and names that attribute. Rules only
ever deny, each by itself, so no circumstance can cancel another rule's denial.

Stricter than the sources on purpose: H1 and H7 hold in all regions and for all modalities.
Not covered, for nothing in a ``CallContext`` states it: vulnerability by disability, distress or
need (H4 sees age bands alone).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from emoconsent.policy import families
from emoconsent.policy.context import CallContext
from emoconsent.vocabulary import PURPOSES, Modality, Reason

BIOMETRIC: Final = frozenset({Modality.VOICE, Modality.FACE})


@dataclass(frozen=True, slots=True)
class Case:
    """One question to the rules.

    Attributes:
        name: the purpose's folded name.
        purpose: that name and its IRI's last part (``families.names_of``).
        use: the folded downstream use, None if not stated.
        bands: the age bands stated by the call and declared for the subject.
        separate_consent: the pair was consented to in an act of its own.
    """

    name: str
    purpose: frozenset[str]
    modality: Modality
    context: CallContext
    use: str | None
    bands: frozenset[str]
    separate_consent: bool

    def concerns(self, family: frozenset[str]) -> bool:
        """Whether the purpose or the downstream use belongs to *family*."""
        return bool(self.purpose & family) or self.use in family


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule applies; *missing* is the attribute that nobody stated, if that is why."""

    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Prohibition:
    """A hard prohibition.

    Attributes:
        loosenable: by two principals with a signed, expiring justification. Never for a rule
            that rests on AI Act article 5.
        applies: pure; a ``Hit`` or None.
    """

    id: str
    title_en: str
    title_zh: str
    basis: str
    loosenable: bool
    reason: Reason
    applies: Callable[[Case], Hit | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A denial by rule: its id, reason code, a sentence without personal data, what was not stated."""

    rule: str
    reason: Reason
    explanation: str
    missing: str | None = None


def prohibited(
    purpose: str,
    modality: Modality,
    context: CallContext,
    *,
    age_band: str | None,
    separate_consent: bool,
    iri: str | None = None,
) -> Verdict | None:
    """The first prohibition that applies, or None when none does.

    Args:
        purpose: its name.
        modality: what is analysed.
        context: the call's circumstances; ``None`` attributes were stated by nobody.
        age_band: as declared for the subject. The call's own ``context.age_band`` is weighed
            beside it, never instead of it: the stricter counts.
        separate_consent: whether this purpose was consented to in an act of its own (H8).
        iri: the purpose's IRI as its notice states it; the known one if None.
    """
    known = PURPOSES.get(purpose)
    stated = iri or (known.iri if known is not None else None)
    case = Case(
        name=families.folded(purpose),
        purpose=families.names_of(purpose, stated),
        modality=modality,
        context=context,
        use=None if context.downstream_use is None else families.folded(context.downstream_use),
        bands=frozenset(band for band in (context.age_band, age_band) if band is not None),
        separate_consent=separate_consent,
    )
    for rule in PROHIBITIONS:
        hit = rule.applies(case)
        if hit is not None:
            return Verdict(rule.id, rule.reason, _explain(rule, hit), hit.missing)
    return None


def _explain(rule: Prohibition, hit: Hit) -> str:
    sentence = f"{rule.id} {rule.title_en} ({rule.basis})"
    if hit.missing is None:
        return sentence
    return f"{sentence}: {hit.missing} is not stated, or is no value known to the policy"


def _hit(applies: bool) -> Hit | None:  # noqa: FBT001 - the one thing it is about
    return Hit() if applies else None


def _at_work(case: Case) -> Hit | None:
    if case.purpose & families.PERSONNEL:
        return Hit()
    role = case.context.subject_role
    if role in families.PUBLIC_ROLES or case.name in families.EXEMPT_AT_WORK:
        return None
    return Hit(None if role in _WORK_ROLES else "subject_role")


_WORK_ROLES: Final = frozenset({"employee", "agent", "applicant", "student"})


def _agent_overheard(case: Case) -> Hit | None:
    """Only for voice and face, and only on a channel where an agent takes part.

    A channel that nobody stated counts as one without an agent, unless the recording is said not
    to be separated; a stated one that the policy does not know could be a phone by another name.
    """
    separated, channel = case.context.separated_audio, case.context.channel
    if case.modality not in BIOMETRIC or separated is True:
        return None
    if separated is False:
        return Hit()
    if channel in families.WITH_AGENT:
        return Hit("separated_audio")
    known = channel is None or channel in families.ALONE | families.PUBLIC_SPACE
    return None if known else Hit("channel")


def _manipulates(case: Case) -> Hit | None:
    if case.concerns(families.MANIPULATION):
        return Hit()
    unknown = case.use is not None and case.use not in _ALL_USES
    return Hit("downstream_use") if unknown else None


#: A use that no rule knows could be any of the forbidden ones under another name.
_ALL_USES: Final = (
    families.KNOWN_USES
    | families.MANIPULATION
    | families.PERSUASION
    | families.PROTECTED_TRAITS
    | families.TRAINING_OR_SHARING
    | families.PUNISHING_REFUSAL
)


def _advertises_to_minors(case: Case) -> Hit | None:
    return _by_age(case, families.ADVERTISING, families.UNDER_AGE)


def _persuades_vulnerable(case: Case) -> Hit | None:
    return _by_age(case, families.PERSUASION, families.BANDS - {"adult"})


def _by_age(case: Case, family: frozenset[str], protected: frozenset[str]) -> Hit | None:
    if not case.concerns(family):
        return None
    if case.bands & protected:
        return Hit()
    return None if case.bands and case.bands <= families.BANDS else Hit("age_band")


def _sets_terms(case: Case) -> Hit | None:
    return _hit(case.concerns(families.TERMS))


def _infers_traits(case: Case) -> Hit | None:
    return _hit(case.concerns(families.PROTECTED_TRAITS))


def _trains_or_shares(case: Case) -> Hit | None:
    """A use outside a purpose that itself says so has no consent of its own, whatever was granted."""
    if case.purpose & families.TRAINING_OR_SHARING:
        return _hit(not case.separate_consent)
    return _hit(case.use in families.TRAINING_OR_SHARING)


def _in_public(case: Case) -> Hit | None:
    channel = case.context.channel
    if case.modality is not Modality.FACE or channel is None:
        return None
    if channel in families.PUBLIC_SPACE:
        return Hit()
    return None if channel in families.ALONE | families.WITH_AGENT else Hit("channel")


def _punishes_refusal(case: Case) -> Hit | None:
    return _hit(case.concerns(families.PUNISHING_REFUSAL))


def _decides_alone(case: Case) -> Hit | None:
    return _hit(case.context.automated)


#: In the order in which they are asked. H6 stands before H4, whose cases include its own.
PROHIBITIONS: Final = (
    Prohibition(
        "H1",
        "reading the emotions of people at work, applying or in education",
        "识别劳动者、求职者或学生的情绪",
        "EU AI Act art. 5(1)(f)",
        loosenable=False,
        reason=Reason.PROHIBITED,
        applies=_at_work,
    ),
    Prohibition(
        "H2",
        "reading a call in which the agent is recorded together with the customer",
        "识别未将客服与客户分离的通话",
        "EU AI Act art. 5(1)(f), Commission guidelines on call centres",
        loosenable=False,
        reason=Reason.PROHIBITED,
        applies=_agent_overheard,
    ),
    Prohibition(
        "H3",
        "promotion, urgency or upselling triggered by emotion",
        "借助情绪进行促销、制造紧迫感或加价推销",
        "EU AI Act art. 5(1)(a); CN Algorithm Provisions art. 8; Lu 2025, 3.3.1",
        loosenable=False,
        reason=Reason.PROHIBITED,
        applies=_manipulates,
    ),
    Prohibition(
        "H6",
        "advertising to minors by emotion",
        "利用情绪向未成年人投放广告",
        "BR Lei 15.211/2025 art. 22; IN DPDP Act s. 9(3); EU DSA art. 28(2)",
        loosenable=True,
        reason=Reason.VULNERABLE_SUBJECT,
        applies=_advertises_to_minors,
    ),
    Prohibition(
        "H4",
        "marketing, recommending to or pricing for vulnerable people by emotion",
        "利用情绪对弱势群体进行营销、推荐或定价",
        "EU AI Act art. 5(1)(b); CN Algorithm Provisions arts. 18-19; Lu 2025, 4.3.2",
        loosenable=False,
        reason=Reason.VULNERABLE_SUBJECT,
        applies=_persuades_vulnerable,
    ),
    Prohibition(
        "H5",
        "emotion that moves price, credit, refund or other terms",
        "以情绪影响价格、信用、退款等交易条件",
        "CN PIPL art. 24(1); CN Algorithm Provisions art. 21",
        loosenable=True,
        reason=Reason.PROHIBITED,
        applies=_sets_terms,
    ),
    Prohibition(
        "H7",
        "inferring race, politics, religion, sex life or union membership",
        "推断种族、政治、宗教、性生活或工会身份",
        "EU AI Act art. 5(1)(g)",
        loosenable=False,
        reason=Reason.PROHIBITED,
        applies=_infers_traits,
    ),
    Prohibition(
        "H8",
        "model training, sharing or export without a separate consent of its own",
        "未经单独同意用于模型训练、对外提供或出境",
        "CN PIPL arts. 23, 39; CN anthropomorphic AI measures art. 16; GDPR art. 5(1)(b)",
        loosenable=True,
        reason=Reason.PROHIBITED,
        applies=_trains_or_shares,
    ),
    Prohibition(
        "H9",
        "reading faces in public space",
        "在公共场所采集人脸识别情绪",
        "CN PIPL art. 26; SPC interpretation on face recognition art. 2(1)",
        loosenable=True,
        reason=Reason.PROHIBITED,
        applies=_in_public,
    ),
    Prohibition(
        "H10",
        "worse or no service for having refused",
        "因拒绝同意而降低或拒绝服务",
        "CN PIPL art. 16; GDPR art. 7(4)",
        loosenable=True,
        reason=Reason.PROHIBITED,
        applies=_punishes_refusal,
    ),
    Prohibition(
        "H11",
        "an adverse decision from emotion without a human",
        "仅凭情绪作出不利的自动化决定",
        "GDPR art. 22; CN PIPL art. 24(3)",
        loosenable=True,
        reason=Reason.PROHIBITED,
        applies=_decides_alone,
    ),
)
