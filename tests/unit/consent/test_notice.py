"""Notices: every fault at once, one hash for one content, and what may be carried over."""

import copy
import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.consent.duration import duration_text, parse_duration
from emoconsent.consent.notice import (
    add_duration,
    carries,
    carry_problems,
    load_notice,
    notice_to_dict,
    parse_notice,
)
from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import PURPOSES, Modality

TEXT = {
    "title": "Your feelings, your say",
    "summary": "We look at your mood.",
    "body": "All of it, at length.",
}
ZH = {"title": "情绪识别告知书", "summary": "我们会识别您的情绪。", "body": "详细内容。"}


def sample(**changes):
    notice = {
        "id": "shop-care",
        "version": "1",
        "jurisdiction": "CN",
        "controller": {"name": "Example Shop", "contact": "dpo@example.org", "address": "Guiyang, CN"},
        "languages": {"zh": dict(ZH), "en": dict(TEXT)},
        "purposes": [
            {
                "purpose": "customer_care",
                "modalities": ["text", "voice", "face"],
                "retention": "P30D",
                "validity": "P1Y",
                "recipients": ["Cloud Co", "Audit Co"],
            },
            {
                "purpose": "service_improvement",
                "modalities": ["text"],
                "retention": None,
                "validity": "P6M",
                "recipients": [],
            },
        ],
        "withdrawal": "https://shop.example/privacy",
    }
    return {**copy.deepcopy(notice), **changes}


def purpose(**changes):
    return {"purpose": "customer_care", "modalities": ["text"], "validity": "P1Y", **changes}


def problems_of(mapping):
    with pytest.raises(InvalidInput) as caught:
        parse_notice(mapping)
    return caught.value.problems


def test_design_sample_parses_to_what_it_says():
    """The blueprint's own example gives its id, scope, periods and an ephemeral purpose."""
    notice = parse_notice(sample())
    assert notice.id == "shop-care@1"
    assert notice.scope == {
        ("customer_care", Modality.TEXT),
        ("customer_care", Modality.VOICE),
        ("customer_care", Modality.FACE),
        ("service_improvement", Modality.TEXT),
    }
    care = notice.find("customer_care", Modality.FACE)
    assert care is not None
    assert care.retention == timedelta(days=30)
    assert care.recipients == ("Audit Co", "Cloud Co")
    assert care.iri == PURPOSES["customer_care"].iri
    ephemeral = notice.find("service_improvement", Modality.TEXT)
    assert ephemeral is not None
    assert ephemeral.retention is None
    assert notice.find("service_improvement", Modality.VOICE) is None
    assert notice.find("model_training", Modality.TEXT) is None


def test_every_fault_is_listed_at_once():
    """A notice broken in twelve places names all twelve, each by its path, in one error."""
    broken = sample(
        id="Shop Care",
        version=1,
        jurisdiction="China",
        controller={"name": " ", "address": "x", "fax": "1"},
        languages={"zh": {**ZH, "body": ""}, "EN!": dict(TEXT), "fr": {"title": "t"}},
        withdrawal=None,
        carries_over=[["marketing", "text"]],
        extra=1,
        purposes=[
            {"purpose": "soul_reading", "modalities": ["smell"], "validity": "forever", "recipients": "all"},
            {"purpose": "customer_care", "modalities": [], "retention": "P-1D"},
        ],
    )
    found = " | ".join(problems_of(broken))
    for path in (
        "id:",
        "version:",
        "jurisdiction:",
        "controller.name:",
        "controller.contact:",
        "controller.fax:",
        "languages.zh.body:",
        "languages.(a name that is not plain):",
        "languages.fr.summary:",
        "languages.fr.body:",
        "withdrawal:",
        "carries_over:",
        "extra:",
        "purposes.0.iri:",
        "purposes.0.modalities:",
        "purposes.0.validity:",
        "purposes.0.recipients:",
        "purposes.1.modalities:",
        "purposes.1.retention:",
        "purposes.1.validity:",
    ):
        assert path in found, path


FAULTS = [
    ("no purposes", {"purposes": []}, "purposes:"),
    ("purposes as a mapping", {"purposes": {}}, "purposes:"),
    ("no languages", {"languages": {}}, "languages:"),
    ("languages as a list", {"languages": ["zh"]}, "languages:"),
    ("blank body", {"languages": {"zh": {**ZH, "body": "\n\t "}}}, "languages.zh.body:"),
    ("NUL in a text", {"languages": {"zh": {**ZH, "body": "a\x00b"}}}, "languages.zh.body:"),
    ("lone surrogate", {"languages": {"zh": {**ZH, "title": "\ud800"}}}, "languages.zh.title:"),
    ("title too long", {"languages": {"zh": {**ZH, "title": "x" * 201}}}, "languages.zh.title:"),
    ("text as a number", {"languages": {"zh": {**ZH, "summary": 7}}}, "languages.zh.summary:"),
    ("language without texts", {"languages": {"zh": "body"}}, "languages.zh:"),
    ("language tag not text", {"languages": {3: dict(ZH)}}, "languages.3:"),
    ("id with the version mark", {"id": "shop@care"}, "id:"),
    ("id with a final newline", {"id": "shop\n"}, "id:"),
    ("id too long", {"id": "a" * 65}, "id:"),
    ("id in full-width digits", {"id": "shop１"}, "id:"),
    ("id absent", {"id": None}, "id: missing"),
    ("lower-case jurisdiction", {"jurisdiction": "cn"}, "jurisdiction:"),
    ("controller absent", {"controller": None}, "controller:"),
    ("storage unknown", {"storage_locations": ["the cloud"]}, "storage_locations:"),
    ("not offered pair carried", {"carries_over": [["customer_care", "smell"]]}, "carries_over:"),
    ("pair of one", {"carries_over": [["customer_care"]]}, "carries_over:"),
    ("pair as text", {"carries_over": ["ab"]}, "carries_over:"),
    ("pair of lists", {"carries_over": [[["customer_care"], "text"]]}, "carries_over:"),
    ("same pair twice", {"purposes": [purpose(), purpose()]}, "purposes:"),
    ("modality twice", {"purposes": [purpose(modalities=["text", "text"])]}, "purposes:"),
    ("modality not text", {"purposes": [purpose(modalities=[["text"]])]}, "purposes.0.modalities:"),
    ("modalities as a text", {"purposes": [purpose(modalities="text")]}, "purposes.0.modalities:"),
    ("purpose with a comma", {"purposes": [purpose(purpose="a,b")]}, "purposes.0.purpose:"),
    ("purpose not a mapping", {"purposes": ["customer_care"]}, "purposes.0:"),
    ("own purpose, no IRI", {"purposes": [purpose(purpose="own")]}, "purposes.0.iri:"),
    ("own purpose, relative IRI", {"purposes": [purpose(purpose="own", iri="own#x")]}, "purposes.0.iri:"),
    (
        "own purpose, script IRI",
        {"purposes": [purpose(purpose="own", iri="javascript:x")]},
        "purposes.0.iri:",
    ),
    ("known purpose, other IRI", {"purposes": [purpose(iri="urn:x:y")]}, "purposes.0.iri:"),
    ("validity absent", {"purposes": [purpose(validity=None)]}, "purposes.0.validity: missing"),
    ("validity zero", {"purposes": [purpose(validity="P0D")]}, "purposes.0.validity:"),
    ("validity in dots", {"purposes": [purpose(validity="P1.5Y")]}, "purposes.0.validity:"),
    ("validity beyond two years", {"purposes": [purpose(validity="P2Y1D")]}, "purposes.0.validity: longer"),
    ("validity overflowing", {"purposes": [purpose(validity="P9999Y")]}, "purposes.0.validity:"),
    ("validity as a number", {"purposes": [purpose(validity=365)]}, "purposes.0.validity:"),
    ("validity as a date", {"purposes": [purpose(validity="P0001-01-01T00:00:00")]}, "purposes.0.validity:"),
    (
        "retention beyond five years",
        {"purposes": [purpose(retention="P5Y1D")]},
        "purposes.0.retention: longer",
    ),
    ("retention blank", {"purposes": [purpose(retention="")]}, "purposes.0.retention:"),
    ("recipient blank", {"purposes": [purpose(recipients=[""])]}, "purposes.0.recipients.0:"),
    ("recipient twice", {"purposes": [purpose(recipients=["A", "A"])]}, "purposes.0.recipients:"),
    ("recipient not text", {"purposes": [purpose(recipients=[1])]}, "purposes.0.recipients.0:"),
    (
        "too many recipients",
        {"purposes": [purpose(recipients=[str(n) for n in range(101)])]},
        "purposes.0.recipients:",
    ),
    ("flag not a flag", {"purposes": [purpose(separate_consent="no")]}, "purposes.0.separate_consent:"),
    (
        "separate consent denied",
        {"purposes": [purpose(purpose="model_training", separate_consent=False)]},
        "purposes.0.separate_consent:",
    ),
    (
        "separate consent denied under another name",
        {
            "purposes": [
                purpose(
                    purpose="fun", iri="https://w3id.org/dpv#PersonalisedAdvertising", separate_consent=False
                )
            ]
        },
        "purposes.0.separate_consent:",
    ),
    ("unknown circumstance", {"purposes": [purpose(context={"mood": "x"})]}, "purposes.0.context.mood:"),
    ("circumstance not text", {"purposes": [purpose(context={"channel": 1})]}, "purposes.0.context.channel:"),
    ("context not a mapping", {"purposes": [purpose(context="chat")]}, "purposes.0.context:"),
]


@pytest.mark.parametrize(("changes", "path"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_fault_is_refused_by_its_path(changes, path):
    """Each way of breaking a notice is refused, and the problem begins with the field's path."""
    assert any(problem.startswith(path) for problem in problems_of(sample(**changes)))


@pytest.mark.parametrize("value", [None, [], "notice", 1, b"x"])
def test_no_mapping_is_refused(value):
    """Something that is no mapping gets the same clear error, not an AttributeError."""
    assert problems_of(value)


KEYS = (
    "id",
    "version",
    "purposes",
    "languages",
    "zh",
    "title",
    "context",
    "purpose",
    "modalities",
    "validity",
    "x",
)
GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner),
)


@given(GARBAGE)
def test_garbage_never_escapes_as_another_error(value):
    """Whatever is put in a notice's place or fields, the only exception is InvalidInput."""
    for mapping in (value, sample(purposes=value), sample(languages=value), sample(purposes=[value])):
        with pytest.raises(InvalidInput):
            parse_notice(mapping)


def test_raw_input_is_not_repeated():
    """Neither a hostile key nor a faulty value comes back in the error's text."""
    secret = "alice@example.org <script>"
    text = " ".join(
        problems_of(sample(**{secret: 1}, id=secret, jurisdiction=secret, controller={secret: secret}))
    )
    assert "alice" not in text
    assert "script" not in text


def shuffled(value, rng):
    if isinstance(value, dict):
        items = [(key, shuffled(inner, rng)) for key, inner in value.items()]
        rng.shuffle(items)
        return dict(items)
    if isinstance(value, list) and not (
        value and isinstance(value[0], str) and len(value) == 2 and value[1] in list(Modality)
    ):
        inner = [shuffled(item, rng) for item in value]
        rng.shuffle(inner)
        return inner
    return value


@given(st.integers())
def test_order_does_not_change_the_hash(seed):
    """However keys, purposes, modalities and recipients are ordered, the content hash is the same."""
    base = sample(carries_over=[["customer_care", "text"], ["customer_care", "face"]])
    assert parse_notice(shuffled(base, random.Random(seed))).content_hash == parse_notice(base).content_hash


def test_spelling_of_a_duration_does_not_change_the_hash():
    """A week and seven days, or absent and null retention, are the same content."""
    one = parse_notice(sample(purposes=[purpose(retention="P1W", validity="PT48H")]))
    two = parse_notice(sample(purposes=[purpose(retention="P7D", validity="P2D", recipients=[])]))
    assert one.content_hash == two.content_hash
    absent, null = sample(purposes=[purpose()]), sample(purposes=[purpose(retention=None)])
    assert parse_notice(absent).content_hash == parse_notice(null).content_hash


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path


def test_any_changed_leaf_changes_the_hash():
    """Each single value that can be changed and still parse gives another content hash."""
    base = sample(storage_locations=["CN"], carries_over=[["customer_care", "face"]])
    before, changed = parse_notice(base).content_hash, 0
    swaps = {"CN": "EU", "P30D": "P31D", "P1Y": "P11M", "P6M": "P5M", None: "P1D", "face": "voice", "1": "2"}
    for path in leaves(base):
        other = copy.deepcopy(base)
        parent = other
        for step in path[:-1]:
            parent = parent[step]
        parent[path[-1]] = swaps.get(parent[path[-1]], f"{parent[path[-1]]}x")
        try:
            after = parse_notice(other).content_hash
        except InvalidInput:
            continue
        changed += 1
        assert after != before, path
    assert changed > 15


def test_round_trip_through_json_keeps_notice_and_hash():
    """Written as JSON and read back, a notice with every field is equal to itself."""
    notice = parse_notice(
        sample(
            carries_over=[["customer_care", "voice"]],
            storage_locations=["EU", "CN"],
            purposes=[
                purpose(modalities=["voice", "text"], context={"channel": "phone", "separated_audio": True}),
                purpose(purpose="own.use", iri="urn:shop:own", separate_consent=True, retention="PT36H"),
            ],
        )
    )
    again = parse_notice(json.loads(json.dumps(notice_to_dict(notice))))
    assert again == notice
    assert len(notice.content_hash) == 64
    offer = again.find("customer_care", Modality.VOICE)
    assert offer is not None and offer.context is not None
    assert (offer.context.channel, offer.context.separated_audio) == ("phone", True)


@pytest.mark.parametrize("name", [name for name, known in PURPOSES.items() if known.separate_consent])
def test_separate_consent_cannot_be_left_out(name):
    """A purpose for which the law wants a separate consent is flagged although the notice is silent."""
    notice = parse_notice(sample(purposes=[purpose(purpose=name)]))
    assert notice.purposes[0].separate_consent


def test_separate_consent_is_seen_through_another_name():
    """Advertising under the operator's own name and DPV's IRI is flagged like advertising."""
    own = purpose(purpose="delight", iri="https://w3id.org/dpv#PersonalisedAdvertising")
    assert parse_notice(sample(purposes=[own])).purposes[0].separate_consent


NEXT = sample(version="2", carries_over=[["customer_care", "text"], ["customer_care", "voice"]])


def test_unchanged_pairs_are_carried():
    """Pairs listed and unchanged carry over; a pair that is not listed does not, though unchanged."""
    old, new = parse_notice(sample()), parse_notice(NEXT)
    assert carries(old, new) == {("customer_care", Modality.TEXT), ("customer_care", Modality.VOICE)}
    assert carry_problems(old, new) == []


def changed_purpose(**changes):
    new = copy.deepcopy(NEXT)
    new["purposes"][0].update(changes)
    return new


@pytest.mark.parametrize(
    "new",
    [
        changed_purpose(retention="P31D"),
        changed_purpose(retention=None),
        changed_purpose(validity="P6M"),
        changed_purpose(recipients=["Cloud Co"]),
        changed_purpose(recipients=["Cloud Co", "Audit Co", "Ad Co"]),
        changed_purpose(separate_consent=True),
        changed_purpose(context={"channel": "phone", "separated_audio": True}),
        {**NEXT, "languages": {"zh": {**ZH, "body": "改了。"}, "en": dict(TEXT)}},
        {**NEXT, "languages": {"zh": dict(ZH)}},
        {**NEXT, "controller": {**NEXT["controller"], "name": "Other Shop"}},
    ],
)
def test_changed_pair_cannot_be_carried(new):
    """A listed pair whose terms, texts or controller changed is a publishing fault, named as such."""
    old, new = parse_notice(sample()), parse_notice(new)
    assert carries(old, new) == frozenset()
    assert len(carry_problems(old, new)) == 2


def test_pair_that_is_new_cannot_be_carried():
    """Nobody consented before to what an earlier version did not offer."""
    old = parse_notice(sample(purposes=[purpose()]))
    assert carries(old, parse_notice(NEXT)) == frozenset()


def test_added_language_keeps_the_carry():
    """Offering the same texts in one more language changes nothing for those who consented."""
    new = {**NEXT, "languages": {**NEXT["languages"], "fr": dict(TEXT)}}
    assert carry_problems(parse_notice(sample()), parse_notice(new)) == []


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2024-02-29", "P1Y", "2025-02-28"),
        ("2025-01-31", "P1M", "2025-02-28"),
        ("2023-12-31", "P2M", "2024-02-29"),
        ("2024-12-31", "P1D", "2025-01-01"),
        ("2025-10-31", "P1M1D", "2025-12-01"),
    ],
)
def test_end_of_a_period_follows_the_calendar(start, duration, end):
    """Months and years end on the calendar's last day where the same day does not exist."""
    instants = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (start, end)]
    assert add_duration(instants[0], parse_duration(duration)) == instants[1]


def test_end_past_the_calendar_is_refused():
    """A period from the end of time is a clear error and no OverflowError."""
    with pytest.raises(InvalidInput):
        add_duration(datetime.max.replace(tzinfo=UTC), parse_duration("P1D"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1",
        "1Y",
        "P1DT",
        "-P1D",
        "+P1D",
        "P1Y1W",
        "P1D\n",
        " P1D",
        "p1d",
        "P１D",
        "P99999D",
        "PT0S",
    ],
)
def test_no_duration_is_refused(text):
    """Signs, blanks, foreign digits, zero and stumps are no durations, whatever isodate says."""
    with pytest.raises(InvalidInput):
        parse_duration(text)


@given(st.integers(0, 3), st.integers(0, 30), st.integers(0, 400), st.integers(0, 100))
def test_duration_text_is_stable(years, months, days, hours):
    """Any duration's one spelling parses to the same period, and is spelt the same again."""
    text = f"P{years}Y{months}M{days}DT{hours}H"
    if not years + months + days + hours:
        return
    period = parse_duration(text)
    assert parse_duration(duration_text(period)) == period
    assert duration_text(parse_duration(duration_text(period))) == duration_text(period)


TOML = """
id = "shop-care"
version = "1"
jurisdiction = "CN"
withdrawal = "https://shop.example/privacy"
[controller]
name = "Example Shop"
contact = "dpo@example.org"
address = "Guiyang, CN"
[languages.zh]
title = "告知书"
summary = "摘要"
body = "正文"
[[purposes]]
purpose = "customer_care"
modalities = ["text"]
validity = "P6M"
"""


def test_toml_file_parses(tmp_path):
    """A notice written in TOML with Chinese text parses like a mapping; absent retention is ephemeral."""
    path = tmp_path / "notice.toml"
    path.write_text(TOML, encoding="utf-8")
    notice = parse_notice(load_notice(path))
    assert notice.languages["zh"].title == "告知书"
    assert notice.purposes[0].retention is None


@pytest.mark.parametrize(
    "content",
    [b"id = ", b"\xff\xfe", b"a = " + b"[" * 100_000, b"#" * (1 << 20) + b"\n"],
    ids=["cut", "no UTF-8", "deep", "large"],
)
def test_broken_file_is_refused(tmp_path, content):
    """A cut, wrongly encoded, endlessly nested or oversized file is a clear error."""
    path = tmp_path / "notice.toml"
    path.write_bytes(content)
    with pytest.raises(InvalidInput):
        load_notice(path)


def test_absent_file_is_refused_without_its_path(tmp_path):
    """A missing file is a clear error that says why."""
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_notice(tmp_path / "none.toml")


def test_total_size_is_limited():
    """Fifty languages of the longest body are refused as a whole."""
    long = {**TEXT, "body": "x" * 190_000}
    languages = {f"a{chr(97 + n)}": long for n in range(20)}
    assert any("1 MiB" in problem for problem in problems_of(sample(languages=languages)))
