"""Each command as an operator uses it: its effect, its words, its JSON and its exit code."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from emoconsent import EmoConsent
from emoconsent.audit.checkpoint import verify as verify_checkpoint
from emoconsent.consent.receipt import verify_receipt
from tests.cli.conftest import GRANT, Cli, Done

ME = ("--subject", "customer-42")


def test_init_makes_a_store_and_overwrites_nothing(cli: Cli) -> None:
    """Whoever runs init twice keeps what they had filled in."""
    first = cli.run("init")
    assert (first.code, sorted(p.name for p in cli.folder.glob("*.toml"))) == (
        0,
        ["emoconsent.toml", "notice.toml"],
    )
    (cli.folder / "emoconsent.toml").write_text("# mine\n")
    second = cli.run("init", "--json")
    assert second.json["written"] == []
    assert (cli.folder / "emoconsent.toml").read_text() == "# mine\n"


def test_init_takes_its_folder_as_an_argument(cli: Cli, tmp_path: Path) -> None:
    """`emoconsent init FOLDER` makes the store there, and not in the default folder."""
    done = cli.process("init", str(tmp_path / "here"))
    assert done.code == 0
    assert (tmp_path / "here" / "data.db").exists()
    assert not (tmp_path / "emoconsent-data").exists()


def test_apply_twice_changes_nothing(store: Cli) -> None:
    """Applying the same file again publishes, registers and logs nothing, and keeps the approval."""
    before = store.state()
    again = store.run("apply", "--json")
    assert (again.code, again.json["published"], again.json["to_approve"]) == (0, [], [])
    assert store.state() == before


def test_apply_registers_what_the_file_states(store: Cli) -> None:
    """A recognizer of one's own gets all that its table says, and waits for an approval."""
    text = (store.folder / "emoconsent.toml").read_text()
    text += (
        '\n[[recognizers]]\nid = "mine"\nmodality = "voice"\nversion = "2"\nprovider = "Me"\n'
        "external = true\n"
        'card = { limits = "loud rooms" }\nlevels = { angry = { anger = 0.8 } }\n'
    )
    (store.folder / "emoconsent.toml").write_text(text)
    assert store.run("apply", "--json").json["to_approve"] == ["mine"]
    with EmoConsent.open(store.folder) as sdk:
        found = sdk.recognizers.get("mine")
    assert (found.external, found.levels, found.modality.value) == (True, {"angry": {"anger": 0.8}}, "voice")


def test_the_way_of_one_consent(store: Cli, grant: Callable[..., Done], tmp_path: Path) -> None:
    """Grant, show, withdraw, refuse, opt out and in leave the states that the words say."""
    file = tmp_path / "receipt.json"
    assert grant("customer-42", "--receipt", str(file)).code == 0
    with EmoConsent.open(store.folder) as sdk:
        assert not verify_receipt(file.read_text(), sdk.public_keys()).get("emo:sandbox", False)
    reasons = []
    for step in (
        ("withdraw", "--scope", "customer_care/text"),
        ("refuse", "--notice", "shop-care@1", "--scope", "customer_care/text", "--language", "zh"),
        ("opt-out",),
        ("opt-in",),
    ):
        done = store.run("consent", *step, *ME, "--json")
        assert done.code == 0, done.err
        shown = store.run("consent", "show", *ME, "--json").json
        reasons.append(shown["status"]["customer_care/text"]["reason"])
    assert reasons == ["withdrawn", "refused", "opted_out", "withdrawn"]
    assert [e["kind"] for e in shown["history"]] == ["grant", "withdraw", "refuse", "opt_out", "opt_in"]


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_subject_from_standard_input_is_the_same_person(store: Cli, ending: str) -> None:
    """The identifier need not be in the shell's history; one line end belongs to the shell, not to it."""
    assert store.run(*GRANT, "--subject", "-", stdin=f"张三 {ending}").code == 0
    shown = store.run("consent", "show", "--subject", "张三 ", "--json").json
    assert shown["status"]["customer_care/text"]["allowed"]
    other = store.run("consent", "show", "--subject", "张三", "--json").json
    assert other["history"] == []


def test_withdrawing_for_somebody_unknown_succeeds_and_leaves_no_trace(store: Cli) -> None:
    """A stranger, perhaps mistyped: it succeeds, says that nothing was recorded, and makes nothing."""
    before = store.state()
    done = store.run("consent", "withdraw", *ME)
    assert (done.code, "nothing was recorded" in done.out) == (0, True)
    assert store.run("consent", "withdraw", *ME, "--json").json["recorded"] is False
    lifted = store.run("consent", "opt-in", *ME)
    assert (lifted.code != 0, "nothing was recorded" in lifted.err) == (True, True)
    assert store.state() == before


def test_notices_are_listed_and_shown(store: Cli, tmp_path: Path) -> None:
    """A new version is in force, the old one is not; what is shown is what was published."""
    text = (store.folder / "notice.toml").read_text().replace('version = "1"', 'version = "2"')
    file = tmp_path / "two.toml"
    file.write_text(text)
    assert store.run("notice", "publish", str(file)).code == 0
    listed = store.run("notice", "list", "--json").json
    assert [(n["id"], n["in_force"]) for n in listed] == [("shop-care@1", False), ("shop-care@2", True)]
    shown = store.run("notice", "show", "shop-care@2", "--json").json
    assert shown["sha256"] == listed[1]["sha256"]
    assert "程序会猜测您的情绪" in store.run("notice", "show", "shop-care@2").out


def test_a_recognizer_is_registered_approved_and_suspended(store: Cli, tmp_path: Path) -> None:
    """From a card or from a file; approval and suspension show in the list."""
    assert store.run("recognizer", "register", "vader-en").code == 0
    file = tmp_path / "mine.toml"
    file.write_text(
        '[[recognizers]]\nid="m"\nmodality="text"\nversion="1"\nprovider="p"\ncard={limits="x"}\n'
    )
    assert store.run("recognizer", "register", str(file)).code == 0
    assert store.run("recognizer", "approve", "vader-en", "--as", "ann").code == 0
    stopped = store.run(
        "recognizer", "suspend", "vader-en", "--as", "bo", "--role", "dpo", "--reason", "drift"
    )
    assert stopped.code == 0
    listed = {r["id"]: r["status"] for r in store.run("recognizer", "list", "--json").json}
    assert listed == {"m": "registered", "text-lexicon": "approved", "vader-en": "suspended"}


def test_in_the_production_profile_one_approval_is_not_enough(
    store: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same administrator twice is one approval; another one makes it two."""
    monkeypatch.setenv("EMOCONSENT_PROFILE", "production")
    store.run("recognizer", "register", "vader-en")
    for actor, status in (("ann", "registered"), ("ann", "registered"), ("bo", "approved")):
        done = store.run("recognizer", "approve", "vader-en", "--as", actor, "--json")
        assert done.json["status"] == status


def test_the_log_is_verified_proven_and_read(store: Cli, grant: Callable[..., Done]) -> None:
    """A checkpoint verifies under the printed key; every listed entry can be proven; nobody is named."""
    grant("customer-42")
    assert store.run("audit", "verify", "--json").json["findings"] == []
    signed = store.run("audit", "checkpoint", "--json").json
    assert verify_checkpoint(signed["checkpoint"], [signed["vkey"]]).size > 4
    last = store.run("audit", "entries", "--last", "1", "--json").json
    assert [entry["event"] for entry in last] == ["consent:grant"]
    proof = store.run("audit", "prove", last[0]["id"], "--json").json
    assert json.loads(proof["leaf"])["id"] == last[0]["id"]
    assert "customer-42" not in store.run("audit", "entries").out


def test_a_changed_row_makes_verify_exit_with_one(store: Cli, grant: Callable[..., Done]) -> None:
    """Findings are told, as words and as JSON, with exit code 1."""
    import sqlite3
    from contextlib import closing

    grant("customer-42")
    with closing(sqlite3.connect(store.folder / "data.db")) as connection, connection:
        connection.execute("update consent_events set scope = 'customer_care/voice'")
    done = store.run("audit", "verify")
    assert (done.code, "FOUND  consent_events of " in done.out) == (1, True)
    assert store.run("audit", "verify", "--json").json["sound"] is False


def test_keys_are_rotated_and_the_old_epoch_destroyed(store: Cli, grant: Callable[..., Done]) -> None:
    """Consents survive the rotation; destroying asks for --yes, and a used or active epoch is refused."""
    grant("customer-42")
    assert store.run("keys", "destroy-epoch", "1", "--yes").code == 2
    assert store.run("keys", "rotate", "--json").json == {"epoch": 2}
    assert store.run("keys", "destroy-epoch", "1").code == 2
    assert store.root_key().exists()
    assert store.run("keys", "destroy-epoch", "1", "--yes", "--json").json["state"] == "destroyed"
    states = {e["epoch"]: e["state"] for e in store.run("keys", "status", "--json").json}
    assert states == {1: "destroyed", 2: "active"}
    shown = store.run("consent", "show", *ME, "--json").json
    assert shown["status"]["customer_care/text"]["allowed"]


def test_an_erasure_from_request_to_certificate(
    store: Cli, grant: Callable[..., Done], tmp_path: Path
) -> None:
    """Plan, submit, verify, fulfil; before it is verified the officer is told what is wanting."""
    grant("customer-42")
    assert store.run("rights", "plan", *ME, "--json").json["events"] == 1
    request = store.run("rights", "submit", *ME, "--regime", "pipl", "--json").json["id"]
    assert store.run("rights", "fulfil", request, "--as", "dpo-1").code == 2
    evidence = ("rights", "verify", request, "--evidence", "-")
    assert store.run(*evidence, stdin="code by mail", folder=None).code == 0
    assert store.run("rights", "fulfil", request, "--as", "ana", "--role", "analyst").code == 1
    file = tmp_path / "certificate.jws"
    done = store.run("rights", "fulfil", request, "--as", "dpo-1", "--certificate", str(file), "--json").json
    assert (done["state"], file.read_text().strip()) == ("completed", done["certificate"])
    assert store.run("rights", "show", request, "--json").json["certificates"] == [done["certificate"]]
    assert [r["state"] for r in store.run("rights", "list", "--json").json] == ["completed"]
    assert store.run("rights", "plan", *ME, "--json").json is None
    assert store.run("consent", "show", *ME, "--json").json["history"] == []


def test_a_subject_fulfils_their_own_erasure_and_nobody_elses(store: Cli, grant: Callable[..., Done]) -> None:
    """With --role subject only the person themselves gets through; a stranger learns nothing."""
    grant("customer-42")
    request = store.run("rights", "submit", *ME, "--regime", "gdpr", "--json").json["id"]
    fulfil = ("rights", "fulfil", request, "--role", "subject", "--as")
    assert store.run(*fulfil, "customer-43").code == 2
    assert store.run(*fulfil, "-", stdin="customer-42\n").code == 0


def test_a_restored_store_serves_only_after_it_was_accepted(
    store: Cli, grant: Callable[..., Done], tmp_path: Path
) -> None:
    """A backup from before a withdrawal: refused, reasons shown, nothing done without --yes, then closed."""
    import shutil

    grant("customer-42")
    store.run("audit", "checkpoint")
    shutil.copytree(store.folder, tmp_path / "backup")
    store.run("consent", "withdraw", *ME)
    store.run("audit", "checkpoint")
    shutil.rmtree(store.folder)
    shutil.copytree(tmp_path / "backup", store.folder)
    refused = store.run("consent", "show", *ME)
    assert (refused.code, "restore accept" in refused.err) == (3, True)
    before = store.state()
    looked = store.run("restore", "accept")
    assert (looked.code, "REASON  " in looked.out, store.state() == before) == (1, True, True)
    accepted = store.run("restore", "accept", "--yes", "--json")
    assert (accepted.code, accepted.json["accepted"]) == (0, True)
    shown = store.run("consent", "show", *ME, "--json").json
    assert not shown["status"]["customer_care/text"]["allowed"]
    assert store.run("restore", "accept", "--json").json == {"reasons": []}


def test_the_environment_names_the_store(store: Cli, tmp_path: Path) -> None:
    """EMOCONSENT_FOLDER is used where --folder is not given, and --folder outranks it."""
    chosen = store.process("notice", "list", "--json", EMOCONSENT_FOLDER=str(store.folder))
    assert [n["id"] for n in chosen.json] == ["shop-care@1"]
    other = str(tmp_path / "none")
    assert store.process("notice", "list", "--folder", other, EMOCONSENT_FOLDER=str(store.folder)).code == 3


def test_no_bar_is_drawn_where_nobody_looks(store: Cli) -> None:
    """In a pipe standard error stays empty, and standard output is one JSON document."""
    for command in (("audit", "verify"), ("keys", "rotate")):
        done = store.process(*command, "--json", "--folder", str(store.folder))
        assert (done.code, done.err) == (0, "")
        assert done.json


def test_a_terminal_that_cannot_show_chinese_gets_escapes(store: Cli) -> None:
    """In a Latin-1 terminal a Chinese notice is printed escaped, not a crash."""
    done = store.process(
        "notice",
        "show",
        "shop-care@1",
        "--folder",
        str(store.folder),
        PYTHONIOENCODING="iso-8859-1",
        PYTHONUTF8="0",
    )
    assert (done.code, "\\u7a0b" in done.out) == (0, True)


def test_every_command_explains_itself() -> None:
    """--help of each command works and says what it does."""
    import click

    from emoconsent.cli import main

    def walk(command: click.Command, path: list[str]) -> list[tuple[list[str], click.Command]]:
        below = command.commands.items() if isinstance(command, click.Group) else []
        return [(path, command), *(found for name, sub in below for found in walk(sub, [*path, name]))]

    found = walk(main, [])
    assert len(found) > 40
    assert [path for path, command in found if not command.help] == []
    options = [
        option for _, command in found for option in command.params if isinstance(option, click.Option)
    ]
    assert [option.name for option in options if not option.help] == []


def test_a_grant_during_an_opt_out_says_what_it_overrides(store: Cli, grant: Callable[..., Done]) -> None:
    """The operator learns that an objection stood, of which day, and that it stands for all the rest."""
    store.run("consent", "opt-out", *ME)
    done = grant("customer-42")
    assert (done.code, "overrides the opt-out of 20" in done.out) == (0, True)
    assert grant("customer-42", "--json").json["overrides_opt_out"] is not None
    lifted = store.run("consent", "opt-in", *ME)
    assert "grants from before the opt-out stay ended" in lifted.out
    assert grant("customer-42", "--json").json["overrides_opt_out"] is None


def test_an_epoch_tells_when_it_was_opened_and_destroyed(store: Cli) -> None:
    """A destroyed epoch is not "destroyed since" the day it was opened."""
    store.run("keys", "rotate")
    gone = store.run("keys", "destroy-epoch", "1", "--yes").out
    assert re.search(r"epoch 1: destroyed, opened [\d: -]+ UTC, destroyed [\d: -]+ UTC; ", gone)
    assert "since" not in store.run("keys", "status").out


def test_what_the_gate_would_say_is_asked_without_a_trace(store: Cli, grant: Callable[..., Done]) -> None:
    """Denied is exit code 1 with its reason, allowed is 0; the question is not logged."""
    ask = ("decide", *ME, "--purpose", "customer_care", "--modality", "text", "--recognizer", "text-lexicon")
    before = store.state()
    denied = store.run(*ask, "--json")
    assert (denied.code, denied.json["reason"], store.state() == before) == (1, "no_consent", True)
    grant("customer-42")
    assert (store.run(*ask).code, store.run(*ask).out[:8]) == (0, "allowed ")


def test_a_person_is_told_what_the_log_holds_of_them(store: Cli, grant: Callable[..., Done]) -> None:
    """Their own acts are in it, nobody else's, and of a stranger there is nothing."""
    grant("customer-42")
    grant("customer-43")
    own = store.run("access", "log", *ME, "--json").json
    assert [line["event"] for line in own] == ["consent:grant"]
    assert store.run("access", "log", "--subject", "nobody", "--json").json == []


def test_receipts_and_certificates_are_verified(
    store: Cli, grant: Callable[..., Done], tmp_path: Path
) -> None:
    """What this store signed is genuine; one changed word, another store's or noise is refused."""
    receipt, certificate = tmp_path / "r.json", tmp_path / "c.jws"
    grant("customer-42", "--receipt", str(receipt))
    request = store.run("rights", "submit", *ME, "--regime", "GDPR", "--json").json["id"]
    store.run(
        "rights",
        "fulfil",
        request,
        "--as",
        "customer-42",
        "--role",
        "subject",
        "--certificate",
        str(certificate),
    )
    for file, kind in ((receipt, "receipt"), (certificate, "certificate")):
        assert store.run("verify", str(file), "--json").json["kind"] == kind
        assert "genuine" in store.run("verify", str(file)).out
    other = Cli(tmp_path / "other")
    other.run("init")
    assert other.run("verify", str(receipt)).code == 2
    receipt.write_text(receipt.read_text().replace("customer_care", "marketing"))
    (tmp_path / "noise").write_bytes(b"\xff\x00")
    for file in (receipt, tmp_path / "noise", tmp_path / "none"):
        assert store.run("verify", str(file)).code == 2


def test_a_card_is_shown_before_it_is_approved(store: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The administrator reads what the approval is of, and how many approvals there are."""
    monkeypatch.setenv("EMOCONSENT_PROFILE", "production")
    store.run("recognizer", "register", "voice-prosody-relative")
    store.run("recognizer", "approve", "voice-prosody-relative", "--as", "ann")
    shown = store.run("recognizer", "show", "voice-prosody-relative")
    assert ("approvals 1 of 2" in shown.out, "limits: Needs neutral speech" in shown.out) == (True, True)
    assert "approvals 1 of 2" in store.run("recognizer", "list").out
    card = store.run("recognizer", "show", "voice-prosody-relative", "--json").json["card"]
    assert card["decision_logic"]["en"]


def test_the_key_stands_beside_a_checkpoint_not_in_it(store: Cli) -> None:
    """Standard output is the signed note alone; the key is told on standard error."""
    done = store.run("audit", "checkpoint")
    key = done.err.strip().rpartition(" ")[2]
    assert verify_checkpoint(done.out, [key]).size > 0


def test_a_request_is_cancelled_and_says_what_comes_next(store: Cli, grant: Callable[..., Done]) -> None:
    """Each step out of order names the command that is due; a cancelled request stays cancelled."""
    grant("customer-42")
    request = store.run("rights", "submit", *ME, "--regime", "PIPL", "--json").json["id"]
    early = store.run("rights", "fulfil", request, "--as", "dpo-1")
    assert (early.code, f"emoconsent rights verify {request} --evidence" in early.err) == (2, True)
    store.run("rights", "verify", request, "--evidence", "code by mail")
    twice = store.run("rights", "verify", request, "--evidence", "code by mail")
    assert (twice.code, "already verified; next: `emoconsent rights fulfil" in twice.err) == (2, True)
    assert store.run("rights", "cancel", request, "--as", "customer-43", "--role", "subject").code == 2
    assert store.run("rights", "cancel", request, "--as", "dpo-1", "--json").json["state"] == "cancelled"
    assert store.run("rights", "fulfil", request, "--as", "dpo-1").code == 2
    assert store.run("consent", "show", *ME, "--json").json["history"]


def test_init_and_apply_warn_of_what_a_newcomer_forgets(cli: Cli) -> None:
    """A folder that others may read, and a notice that still names the sample's shop."""
    cli.folder.mkdir(mode=0o755)
    made = cli.run("init")
    assert (made.code, "WARNING  other users may read" in made.out, "chmod 700" in made.out) == (
        0,
        True,
        True,
    )
    for name in ("data.db", "keys.db", ".lock"):
        assert (cli.folder / name).stat().st_mode & 0o077 == 0
    applied = cli.run("apply")
    assert (applied.code, "WARNING  the notice shop-care@1 still names" in applied.out) == (0, True)
    notice = cli.folder / "notice.toml"
    notice.write_text(
        notice.read_text().replace("shop.example", "tea.test").replace('version = "1"', 'version = "2"')
    )
    assert cli.run("apply", "--json").json["warnings"] == []


def test_the_office_handles_a_request(store: Cli, grant: Callable[..., Done], tmp_path: Path) -> None:
    """Asked for proof, assigned, extended, answered; each act as its own command, and in the list."""
    grant("customer-42")
    taken = store.run("rights", "submit", *ME, "--kind", "complaint", "--regime", "gdpr", "--message", "no")
    request, by = taken.out.split()[0], ("--as", "dpo-1", "--json")
    assert store.run("rights", "ask-proof", request, *by, "--text", "a code").json["state"] == "verifying"
    assert "waits for" in store.run("rights", "fulfil", request, "--as", "dpo-1", "--answer", "x").err
    assert store.run("rights", "assign", request, *by, "--to", "dpo-2").json["assigned"] == "dpo-2"
    assert store.run("rights", "extend", request, *by, "--reason", "complexity").json["extended"] is True
    assert store.run("rights", "extend", request, *by, "--reason", "complexity").code == 2
    store.run("rights", "message", request, *by, "--text", "why?")
    store.run("rights", "verify", request, "--evidence", "seen")
    assert store.run("rights", "fulfil", request, "--as", "dpo-1").code == 2
    nowhere = ("--certificate", str(tmp_path / "c"))
    assert store.run("rights", "fulfil", request, "--as", "dpo-1", "--answer", "x", *nowhere).code == 2
    assert store.run("rights", "fulfil", request, *by, "--answer", "sorry").json["answer"] == {
        "text": "sorry"
    }
    told = store.run("rights", "steps", request, *by).json
    assert [s["kind"] for s in told] == [
        "message", "proof_asked", "assigned", "extended", "message", "noted", "answered"
    ]  # fmt: skip
    assert "why?" in store.run("rights", "steps", request, "--as", "dpo-1").out
    assert store.run("rights", "steps", request, "--as", "x", "--role", "subject").code == 2


def test_a_part_is_asked_for_and_refused(store: Cli, grant: Callable[..., Done], tmp_path: Path) -> None:
    """Conditions and corrections reach the request; a refusal lists the reasons that its law knows."""
    grant("customer-42")
    part = (
        "--modality",
        "text",
        "--purpose",
        "customer_care",
        "--since",
        "2026-01-01",
        "--until",
        "2026-02-01",
    )
    asked = store.run("rights", "submit", *ME, "--regime", "gdpr", *part, "--json").json
    assert asked["scope"] == {
        "since": "2026-01-01T00:00:00+00:00", "until": "2026-02-01T00:00:00+00:00",
        "modality": "text", "purpose": "customer_care",
    }  # fmt: skip
    wrong = store.run("rights", "reject", asked["id"], "--as", "dpo-1", "--reason", "none")
    assert (wrong.code, "legal_claims" in wrong.err) == (2, True)
    refuse = ("rights", "reject", asked["id"], "--as", "dpo-1", "--reason", "legal_claims", "--json")
    assert store.run(*refuse).json["state"] == "rejected"
    file = tmp_path / "right.json"
    rectify = ("rights", "submit", *ME, "--regime", "gdpr", "--kind", "rectification", "--corrections")
    for content in (None, "{", "[]", '{"x": {"level": "calm"}}'):
        if content is not None:
            file.write_text(content)
        assert store.run(*rectify, str(file)).code == 2
    file.write_text('{"00000000-0000-4000-8000-000000000000": {"level": "calm"}}')
    assert store.run(*rectify, str(file), "--json").json["kind"] == "rectification"
    assert [r["state"] for r in store.run("rights", "list", "--late", "--json").json] == [
        "received",
        "rejected",
    ]
    assert len(store.run("rights", "list", "--state", "rejected", "--json").json) == 1
    assert "due " in store.run("rights", "list").out


def test_a_legal_hold_from_placing_to_release(store: Cli, grant: Callable[..., Done]) -> None:
    """While it is there the erasure is on hold and says how to find out; then it goes on."""
    grant("customer-42")
    request = store.run("rights", "submit", *ME, "--regime", "gdpr", "--json").json["id"]
    store.run("rights", "verify", request, "--evidence", "seen")
    place = ("rights", "hold", *ME, "--as", "dpo-1", "--basis", "legal_claims", "--until", "2099-01-01")
    hold = store.run(*place, "--text", "the case", "--json").json
    assert hold["until"].startswith("2099-01-01")
    stopped = store.run("rights", "fulfil", request, "--as", "dpo-1")
    assert (stopped.code, "rights holds" in stopped.err) == (2, True)
    assert "legal_claims" in store.run("rights", "holds", *ME, "--as", "dpo-1").out
    assert store.run("rights", "release", hold["id"], "--as", "dpo-1").code == 0
    assert store.run("rights", "release", hold["id"], "--as", "dpo-1").code == 2
    assert store.run("rights", "holds", *ME, "--as", "dpo-1").out.strip() == "no holds"
    assert store.run("rights", "fulfil", request, "--as", "dpo-1", "--json").json["state"] == "completed"
