"""Bad input and broken surroundings: a clear error, its remedy, an exit code, and a store left as it was."""

from __future__ import annotations

import base64
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import GRANT, Cli, Done

WHO = ("--subject", "customer-42")
BAD_SUBJECTS = {
    "empty": (b"", "must not be empty"),
    "blank": (b"  \t", "must not be empty"),
    "one MiB": (b"x" * (1 << 20), "longer than 256 bytes"),
    "too long in UTF-8 only": ("猫".encode() * 100, "longer than 256 bytes"),
    "NUL": (b"customer\x0042", "NUL"),
    "lone surrogate": (b"customer-\xed\xa0\x80", "lone surrogate"),
    "no UTF-8": (b"customer-\xff", "lone surrogate"),
}
COMMANDS_ABOUT_SUBJECTS = (
    GRANT,
    ("consent", "withdraw"),
    ("consent", "refuse", "--notice", "shop-care@1", "--scope", "customer_care/text", "--language", "en"),
    ("consent", "opt-out"),
    ("consent", "opt-in"),
    ("consent", "show"),
    ("rights", "submit", "--regime", "pipl"),
    ("rights", "plan"),
)


def refused(done: Done, code: int, *words: str) -> None:
    """*done* is an error of *code* that says *words*, and what helps, on standard error alone.

    What is not configured (code 3) says so in the error itself; an empty remedy is never printed.
    """
    assert (done.code, done.out) == (code, ""), done
    assert done.err.startswith("Error: "), done.err
    assert code == 3 or "\nRemedy: " in done.err
    assert not done.err.rstrip().endswith("Remedy:")
    for word in words:
        assert word in done.err


@pytest.mark.parametrize("name", BAD_SUBJECTS)
def test_a_malformed_subject_is_refused_by_every_command(store: Cli, name: str) -> None:
    """No command takes it, none repeats it in its error, and nothing is stored."""
    value, word = BAD_SUBJECTS[name]
    before = store.state()
    for command in COMMANDS_ABOUT_SUBJECTS:
        done = store.run(*command, "--subject", "-", stdin=value)
        refused(done, 2, word)
        assert "customer" not in done.err.partition("Remedy")[0].replace("customer_care", "")
    assert store.state() == before


def test_a_malformed_subject_as_an_argument_is_refused(store: Cli) -> None:
    """The same through a real argument vector: a megabyte cannot get there, bytes that are no text can."""
    before = store.state()
    for value in (b"", b"customer-\xff", b"x" * 100_000):
        done = store.process(*GRANT, "--folder", str(store.folder), "--subject", value)
        refused(done, 2, "subject: ")
    assert store.state() == before


BAD_GRANTS = {
    "unknown purpose": (("--scope", "horoscopes/text"), "does not offer horoscopes/text"),
    "unknown modality": (("--scope", "customer_care/smell"), "modality is text, voice or face"),
    "no pair": (("--scope", "customer_care"), "purpose/modality"),
    "unknown notice": (("--notice", "shop-care@9"), "not published"),
    "notice without version": (("--notice", "shop-care"), "not published"),
    "language that the notice lacks": (("--language", "fr"), "it has en, zh"),
    "NUL in the channel": (("--channel", "a\x00b"), "NUL"),
    "endless evidence": (("--evidence", "x" * 100_000), "longer than"),
}


@pytest.mark.parametrize("name", BAD_GRANTS)
def test_a_grant_of_something_not_offered_is_refused(
    store: Cli, grant: Callable[..., Done], name: str
) -> None:
    """Nothing is granted in part, and nobody is enrolled by an attempt."""
    more, word = BAD_GRANTS[name]
    before = store.state()
    refused(grant("customer-42", *more), 2, word)
    assert store.state() == before


def test_a_superseded_notice_is_refused(store: Cli, grant: Callable[..., Done], tmp_path: Path) -> None:
    """Consent is asked under the version in force, and the error names it."""
    text = (store.folder / "notice.toml").read_text().replace('version = "1"', 'version = "2"')
    (tmp_path / "two.toml").write_text(text)
    store.run("notice", "publish", str(tmp_path / "two.toml"))
    refused(grant("customer-42"), 2, "superseded by shop-care@2")


BROKEN_NOTICE = """
id = "shop care"
version = ""
jurisdiction = "Cathay"
withdrawal = ""
[controller]
name = "Shop"
[languages.en]
title = "T"
[[purposes]]
purpose = "customer_care"
modalities = ["smell"]
validity = "one year"
"""


def test_a_broken_notice_lists_every_fault_and_is_not_published(store: Cli, tmp_path: Path) -> None:
    """One run tells all that is wrong: each field by its name."""
    file = tmp_path / "broken.toml"
    file.write_text(BROKEN_NOTICE)
    before = store.state()
    done = store.run("notice", "publish", str(file))
    fields = (
        "id",
        "version",
        "jurisdiction",
        "withdrawal",
        "controller",
        "languages.en",
        "modalities",
        "validity",
    )
    refused(done, 2, *fields)
    problems = store.run("notice", "publish", str(file), "--json").json["error"]["problems"]
    assert len(problems) >= len(fields)
    assert store.state() == before


@pytest.mark.parametrize(
    "content", [b"", b"id = ", b"\xff\xfe", b"[" * 100_000, b"x = 1\n" + b"#" * (1 << 20)]
)
def test_a_file_that_is_no_notice_is_refused(store: Cli, tmp_path: Path, content: bytes) -> None:
    """Empty, cut, binary, deeply nested or huge: an error, no crash, nothing published."""
    file = tmp_path / "notice.toml"
    file.write_bytes(content)
    before = store.state()
    refused(store.run("notice", "publish", str(file)), 2)
    refused(store.run("apply", str(file)), 2) if content else None
    refused(store.run("notice", "publish", str(tmp_path / "none.toml")), 2, "cannot be read")
    assert store.state() == before


def test_apply_lists_the_faults_of_everything_and_does_nothing(store: Cli, tmp_path: Path) -> None:
    """A broken notice and a broken recognizer are told together; the sound parts are not applied either."""
    (tmp_path / "broken.toml").write_text(BROKEN_NOTICE)
    (tmp_path / "emoconsent.toml").write_text(
        'notices = ["broken.toml", "none.toml", 7]\nsurprise = 1\n[[recognizers]]\nshipped = "vader-en"\n'
        '[[recognizers]]\nshipped = "crystal-ball"\n[[recognizers]]\nid = "m"\ncolour = "red"\n'
    )
    before = store.state()
    done = store.run("apply", str(tmp_path / "emoconsent.toml"))
    words = ("surprise", "broken.toml: ", "none.toml: ", "crystal-ball", "colour", "modality is missing")
    refused(done, 2, *words)
    assert store.state() == before


def test_other_things_that_do_not_exist_are_refused(store: Cli) -> None:
    """Unknown ids of any kind: not found, exit code 2, nothing changed."""
    before = store.state()
    for command in (
        ("notice", "show", "nope@1"),
        ("recognizer", "register", "crystal-ball"),
        ("recognizer", "approve", "nope", "--as", "ann"),
        ("recognizer", "suspend", "nope", "--as", "ann", "--reason", "r"),
        ("audit", "prove", "nope"),
        ("audit", "prove", "00" * 16),
        ("keys", "destroy-epoch", "7", "--yes"),
        ("rights", "show", "nope"),
        ("rights", "fulfil", "00" * 16, "--as", "dpo-1"),
        ("rights", "submit", *WHO, "--regime", "roman"),
        ("rights", "submit", *WHO, "--regime", "gdpr", "--kind", "revenge"),
    ):
        refused(store.run(*command), 2)
    assert store.state() == before


def test_with_json_an_error_is_one_document(store: Cli) -> None:
    """A script reads what is wrong, what helps and the exit code from standard output."""
    done = store.run("notice", "show", "nope@1", "--json")
    assert (done.code, done.err) == (2, "")
    assert done.json["error"].keys() == {"type", "problems", "remedy", "exit_code"}
    assert (done.json["error"]["type"], done.json["error"]["exit_code"]) == ("not_found", 2)


def test_a_receipt_that_cannot_be_written_stops_the_grant(
    store: Cli, grant: Callable[..., Done], tmp_path: Path
) -> None:
    """No consent is recorded whose receipt has no place to go; an existing file is never overwritten."""
    before = store.state()
    (tmp_path / "there.json").write_text("mine")
    refused(grant("customer-42", "--receipt", str(tmp_path / "there.json")), 2, "exists already")
    refused(grant("customer-42", "--receipt", str(tmp_path / "no" / "r.json")), 2, "cannot be written")
    assert (tmp_path / "there.json").read_text() == "mine"
    refused(grant("", "--receipt", str(tmp_path / "new.json")), 2)
    assert not (tmp_path / "new.json").exists()
    assert store.state() == before


def test_a_mistyped_folder_does_not_become_a_store(cli: Cli, tmp_path: Path) -> None:
    """Every command but init says that there is no store, and makes none."""
    for command in (
        ("notice", "list"),
        ("apply",),
        ("doctor",),
        ("db", "check"),
        ("restore", "accept"),
        (*GRANT, *WHO),
    ):
        refused(cli.run(*command), 3, "there is no store in", "emoconsent init")
    assert not cli.folder.exists()


def test_a_missing_root_key_is_named_and_none_is_made(store: Cli, grant: Callable[..., Done]) -> None:
    """Without its root key nothing opens; the error says where it belongs; putting it back helps."""
    path = store.root_key()
    key = path.read_bytes()
    path.unlink()
    refused(grant("customer-42"), 3, str(path), "backup")
    assert not path.exists()
    doctor = store.run("doctor")
    assert (doctor.code, str(path) in doctor.out) == (1, True)
    path.write_bytes(key)
    assert grant("customer-42").code == 0


@pytest.mark.parametrize("key", [base64.b64encode(bytes(32)), b"short", b"", b"\xff" * 40])
def test_a_wrong_root_key_is_refused(store: Cli, grant: Callable[..., Done], key: bytes) -> None:
    """Another key, a damaged one, an empty file: refused with the remedy, and the key is not printed."""
    before = store.state()
    right = store.root_key().read_bytes()
    store.root_key().write_bytes(key)
    done = grant("customer-42")
    refused(done, 3, "root key")
    assert base64.b64encode(bytes(32)).decode() not in done.err
    store.root_key().write_bytes(right)
    assert store.state() == before


def test_a_newer_schema_is_refused_by_every_command(store: Cli, grant: Callable[..., Done]) -> None:
    """Old code does not touch a store of a newer release; db check, db upgrade and doctor say so, too."""
    with closing(sqlite3.connect(store.folder / "data.db")) as connection, connection:
        connection.execute("update alembic_version set version_num = '9999'")
    before = store.state()
    for done in (grant("customer-42"), store.run("notice", "list"), store.run("db", "upgrade")):
        refused(done, 3, "9999", "newer")
    assert (store.run("db", "check").code, "newer" in store.run("db", "check").out) == (1, True)
    assert (store.run("doctor").code, "newer" in store.run("doctor").out) == (1, True)
    assert store.state() == before


@pytest.mark.parametrize("missing", ["data.db", "keys.db"])
def test_half_a_store_is_refused(store: Cli, grant: Callable[..., Done], missing: str) -> None:
    """One database without the other: never made anew, whatever command is tried."""
    for file in store.folder.glob(f"{missing}*"):
        file.unlink()
    for done in (grant("customer-42"), store.run("db", "upgrade"), store.run("init")):
        refused(done, 3, "missing")
    assert not (store.folder / missing).exists() or (store.folder / missing).stat().st_size == 0


def test_a_damaged_store_is_an_error_not_a_crash(store: Cli, grant: Callable[..., Done]) -> None:
    """A database file of noise: unavailable, restore it; the doctor says the same."""
    (store.folder / "data.db").write_bytes(os.urandom(8192))
    refused(grant("customer-42"), 3, "damaged")
    assert store.run("doctor").code == 1


def test_a_folder_that_is_read_only_is_refused(store: Cli) -> None:
    """Without the right to write there: a clear error, also from the doctor, and nothing changed.

    Root loses the power to override modes (setpriv), so that this means something in a container.
    """
    before = store.state()
    files = list(store.folder.iterdir())
    for path in (*files, store.folder):
        path.chmod(0o500 if path.is_dir() else 0o400)
    caps = "-dac_override,-dac_read_search"
    drop = ("setpriv", "--bounding-set", caps, "--inh-caps", caps) if os.geteuid() == 0 else ()
    folder = ("--folder", str(store.folder))
    try:
        done = store.process(*GRANT, *WHO, *folder, before=drop)
        init = store.process("init", *folder, before=drop)
        checked = store.process("doctor", *folder, before=drop)
    finally:
        for path in (store.folder, *files):
            path.chmod(0o700 if path.is_dir() else 0o600)
    refused(done, 3, "read-only", "writable")
    refused(init, 3, "read-only")
    assert (checked.code, "read-only" in checked.out) == (1, True)
    assert store.state() == before


def test_a_busy_store_answers_in_time(store: Cli, grant: Callable[..., Done]) -> None:
    """While another writer holds the store: unavailable within the limit, nothing half written, then fine."""
    before = store.state()
    with closing(sqlite3.connect(store.folder / "data.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        started = time.monotonic()
        refused(grant("customer-42"), 3, "busy")
        assert time.monotonic() - started < 6
        other.execute("rollback")
    assert store.state() == before
    assert grant("customer-42").code == 0


BAD_ENVIRONMENTS = (
    {"EMOCONSENT_DATABASE_URL": "postgresql://localhost/data"},
    {"EMOCONSENT_KEYSTORE_URL": "postgresql://localhost/keys"},
    {"EMOCONSENT_DATABASE_URL": "postgresql://h/d", "EMOCONSENT_KEYSTORE_URL": "postgresql://h/d"},
    {"EMOCONSENT_DATABASE_URL": "mysql://h/d", "EMOCONSENT_KEYSTORE_URL": "mysql://h/k"},
    {"EMOCONSENT_DATABASE_URL": "not a url", "EMOCONSENT_KEYSTORE_URL": "nor this"},
    {"EMOCONSENT_FOLDER": "f", "EMOCONSENT_DATABASE_URL": "postgresql://h/d", "EMOCONSENT_KEYSTORE_URL": "postgresql://h/k"},
    {"EMOCONSENT_FOLDER": "f", "EMOCONSENT_PROFILE": "casual"},
)  # fmt: skip


@pytest.mark.parametrize("environment", BAD_ENVIRONMENTS)
def test_an_environment_at_odds_with_itself_is_refused(
    cli: Cli, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable that is wrong is named; nothing is made anywhere."""
    from click.testing import CliRunner

    from emoconsent.cli import main

    cli.folder.mkdir()
    monkeypatch.chdir(cli.folder)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, ["notice", "list"])
    assert (done.exit_code, done.stdout) == (3, "")
    assert any(word in done.stderr for word in ("EMOCONSENT_", "PostgreSQL", "URL"))
    assert list(cli.folder.iterdir()) == []


@pytest.mark.parametrize(
    "words", [["fly"], ["consent", "grant"], ["keys", "destroy-epoch", "one"], ["audit"]]
)
def test_wrong_usage_is_exit_code_two(cli: Cli, words: list[str]) -> None:
    """Unknown commands, missing options and values of the wrong type are told by the command itself."""
    done = cli.process(*words)
    assert (done.code, "Usage: " in done.err) == (2, True)


def test_a_server_that_is_not_there_is_unavailable(cli: Cli, tmp_path: Path) -> None:
    """A PostgreSQL that does not answer: exit code 3 or a doctor's failure, and no password printed."""
    cli.folder.mkdir()
    urls = {
        f"EMOCONSENT_{name}_URL": f"postgresql://u:hunter2@/{name}?host={tmp_path}"
        for name in ("DATABASE", "KEYSTORE")
    }
    done = cli.process("notice", "list", **urls)
    refused(done, 3)
    doctor = cli.process("doctor", **urls)
    assert (doctor.code, "FAILURE  server" in doctor.out) == (1, True)
    assert "hunter2" not in done.err + doctor.out + doctor.err


def test_init_is_told_one_folder_and_never_none(cli: Cli, tmp_path: Path) -> None:
    """A folder named twice or by an empty variable is refused; no store is made in some other place."""
    cli.folder.mkdir()
    both = cli.process("init", str(tmp_path / "one"), "--folder", str(tmp_path / "two"))
    refused(both, 2, "give one of them")
    for words in (("init", ""), ("init", "--folder", ""), ("demo", "--folder", "")):
        done = cli.process(*words)
        assert (done.code, "must not be empty" in done.err) == (2, True)
    assert [p for p in tmp_path.rglob("*") if p.suffix == ".db"] == []


def test_errors_name_what_was_meant(store: Cli, grant: Callable[..., Done], tmp_path: Path) -> None:
    """Each error holds what the reader needs next: what is offered, what there is, where the fault is."""
    before = store.state()
    file = tmp_path / "own.toml"
    file.write_text('[[recognizers]]\nshipped = "vader-en"\n[[recognizers]]\nshiped = "snownlp-zh"\n')
    register = ("recognizer", "register")
    refused(store.run(*register, str(file)), 2, "recognizers table 2", "did you mean 'shipped'?")
    file.write_text('notices = ["a"]\nx = = 1\n')
    refused(store.run(*register, str(file)), 2, "own.toml", "line 2, column 5")
    file.write_bytes("# 猫\na = '猫\xff'".encode("latin-1", "ignore") + b"\xff")
    refused(store.run("notice", "publish", str(file)), 2, "own.toml", "line 2, column ")
    refused(store.run(*register, "nope.toml"), 2, "[[recognizers]] tables, or one of text-lexicon")
    refused(store.run("notice", "show", "shop-care"), 2, "id@version", "there is shop-care@1")
    refused(grant("customer-42", "--scope", "marketing/text"), 2, "it offers customer_care/face, ")
    refused(grant("customer-42", "--scope", "a/text,b/voice"), 2, "repeat --scope")
    assert store.state() == before


def test_wrong_usage_is_json_where_json_was_asked_for(cli: Cli) -> None:
    """A script that asked for JSON gets the error as one document on standard output."""
    for words in (
        ["fly", "--json"],
        ["consent", "grant", "--json"],
        ["keys", "destroy-epoch", "one", "--json"],
    ):
        done = cli.process(*words)
        assert (done.code, done.err, done.json["error"]["type"]) == (2, "", "usage")
        assert done.json["error"]["problems"][0]
