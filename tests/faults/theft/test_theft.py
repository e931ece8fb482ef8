"""Both stores stolen without the root key: nobody, and nothing that was inferred, can be read."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, MetaData, select

from emoconsent import EmoConsent, Principal
from emoconsent.errors import ConfigurationError, VaultError
from emoconsent.storage import schema
from emoconsent.vault.envelope import associated_data, open_
from tests.faults.race.places import folder_environ, servers_environ
from tests.faults.theft.canaries import PEOPLE, Person, Seeded, as_rows, recognise, seed
from tests.faults.theft.scanner import Hit, guises, loot, scan
from tests.support.postgres import FOLDER_VARIABLE, drop_database, fresh_database

pytestmark = pytest.mark.xdist_group("theft")
WHAT_SHOWS = Path(__file__).with_name("WHAT_SHOWS.md")
STORES = {"data": schema.data, "keys": schema.keys}
SEALED = re.compile("sealed|wrapped")


class Robbed:
    """A seeded store, open, with everything that its process wrote to the log."""

    def __init__(
        self, sdk: EmoConsent, seeded: Seeded, environ: dict[str, str], folder: Path, log: str
    ) -> None:
        self.sdk, self.seeded, self.environ, self.folder, self.log = sdk, seeded, environ, folder, log

    def engines(self) -> dict[str, Engine]:
        stores = self.sdk._parts.stores
        return {"data": stores.data.engine, "keys": stores.keys.engine}

    def dump(self) -> dict[str, bytes]:
        """Every row of every table of both stores, by name."""
        found = {}
        for store, engine in self.engines().items():
            with engine.connect() as connection:
                for table in tables(engine):
                    rows = connection.execute(select(table)).all()
                    found[f"{store}.{table.name}"] = as_rows([tuple(row) for row in rows])
        return found


def tables(engine: Engine) -> list:
    """All tables that really are there, whatever the schema says."""
    found = MetaData()
    found.reflect(engine)
    return list(found.tables.values())


class Ears(logging.Handler):
    """Keeps whatever any library logs, with its arguments."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))


@contextmanager
def listening() -> Iterator[Ears]:
    """Everything logs at DEBUG within."""
    root, ears = logging.getLogger(), Ears()
    level = root.level
    root.addHandler(ears)
    root.setLevel(logging.DEBUG)
    try:
        yield ears
    finally:
        root.removeHandler(ears)
        root.setLevel(level)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def robbed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Robbed]:
    """A store seeded with canaries while everything logs at DEBUG. The tests only look at it."""
    folder, urls = tmp_path_factory.mktemp("robbed"), []
    environ = folder_environ(folder)
    if request.param == "postgres":
        server = request.getfixturevalue("pg_server")
        urls = [fresh_database(server), fresh_database(server)]
        environ = servers_environ(folder, *urls)
    with EmoConsent.from_env(environ) as sdk:
        engines = (sdk._parts.stores.data.engine, sdk._parts.stores.keys.engine)
        with listening() as ears:
            for engine in engines:
                engine.echo = "debug"  # statements with their parameters, and rows
            seeded = seed(sdk)
        for engine in engines:
            engine.echo = False
        yield Robbed(sdk, seeded, environ, folder, "\n".join(ears.heard))
    for url in urls:
        drop_database(server, url)


def readable(hits: list[Hit]) -> list[str]:
    return [f"{hit.value} as {hit.guise} in {hit.place}" for hit in hits[:20]]


def test_nothing_readable_is_stolen(robbed: Robbed) -> None:
    """Raw files (database, write-ahead log, shared memory, key store, locks, the closing list's outside
    copy) and a dump of every table: no canary in any guise. The root key's folder is not in the loot."""
    places = robbed.dump() | loot(robbed.folder / "data", robbed.folder / "state")
    assert len(places) >= len(schema.data.tables) + len(schema.keys.tables) + 1
    assert readable(scan(places, robbed.seeded.values)) == []
    assert len(robbed.seeded.values) > 12 * PEOPLE


def test_nothing_readable_is_said(robbed: Robbed) -> None:
    """Messages, reprs and tracebacks of every error, and the log of every library at DEBUG."""
    texts = {f"error {n}": text.encode() for n, text in enumerate(robbed.seeded.errors)}
    assert len(texts) >= 15 * PEOPLE
    assert readable(scan(texts, robbed.seeded.values)) == []
    assert "consent_events" in robbed.log  # the libraries did log their statements
    assert readable(scan({"log": robbed.log.encode()}, robbed.seeded.values)) == []


def test_the_servers_own_files_hold_nothing(robbed: Robbed) -> None:
    """PostgreSQL's tables, write-ahead log and server log as files on disk; the folder on SQLite."""
    folder = os.environ.get(FOLDER_VARIABLE, "")
    files = (
        [*Path(folder, "data").rglob("*")] if "EMOCONSENT_DATABASE_URL" in robbed.environ and folder else []
    )
    needles = [
        needle
        for value in robbed.seeded.values
        for guise, needle in guises(value).items()
        if guise in ("utf-8", "hex", "double LE") and len(needle) >= 8
    ]
    for file in files:
        try:
            content = file.read_bytes() if file.is_file() else b""
        except OSError:
            continue  # another test's database, dropped meanwhile
        assert not any(needle in content for needle in needles), f"a canary lies in {file.name}"


def test_a_record_in_clear_would_be_found(robbed: Robbed) -> None:
    """The same scan of the same dump with one value put in does find it: the silence means something."""
    places = robbed.dump()
    places["data.emotion_records"] += robbed.seeded.people[5].label.encode()
    assert [hit.value for hit in scan(places, robbed.seeded.values)] == [robbed.seeded.people[5].label]


def test_equal_contents_are_unequal_when_sealed(robbed: Robbed) -> None:
    """One inference made twelve times: no two envelopes are alike, nor share eight bytes anywhere."""
    person = Person(PEOPLE + 1)
    scope = [("customer_care", "text")]
    robbed.sdk.consent.grant(person.id, notice="shop-care@1", scope=scope, channel="c", language="zh")
    for _ in range(12):
        recognise(robbed.sdk, person)
    sealed = column(robbed, "data", "emotion_records", "sealed")
    windows = [{s[i : i + 8] for i in range(1, len(s) - 8)} for s in sealed]
    assert len(set(sealed)) == len(sealed) >= 12
    assert sum(map(len, windows)) == len(set().union(*windows))


def column(robbed: Robbed, store: str, table: str, name: str) -> list[bytes]:
    where = STORES[store].tables[table].c[name]
    with robbed.engines()[store].connect() as connection:
        return [bytes(value) for value in connection.execute(select(where)).scalars()]


def test_lengths_tell_a_bucket_and_no_more(robbed: Robbed) -> None:
    """Contents differ in length by hundreds of bytes; each sealed column shows at most four lengths."""
    found: dict[str, set[int]] = {}
    for store, metadata in STORES.items():
        for table in metadata.tables.values():
            for name in [c.name for c in table.columns if SEALED.search(c.name)]:
                found[f"{table.name}.{name}"] = {len(v) for v in column(robbed, store, table.name, name)}
    assert {name: lengths for name, lengths in found.items() if not 0 < len(lengths) <= 4} == {}


def test_without_the_root_key_nothing_opens(robbed: Robbed, tmp_path: Path) -> None:
    """The thief installs the software and opens the stolen stores: a clear refusal; and no byte string of
    the key store is a key to any envelope of either store."""
    elsewhere = robbed.environ | {"XDG_CONFIG_HOME": str(tmp_path / "thief")}
    if "EMOCONSENT_FOLDER" in elsewhere:
        shutil.copytree(robbed.folder / "data", tmp_path / "stolen")
        elsewhere["EMOCONSENT_FOLDER"] = str(tmp_path / "stolen")
    with pytest.raises(ConfigurationError, match="root key"):
        EmoConsent.from_env(elsewhere)
    candidates = {bytes(32), *key_candidates(robbed)}
    envelopes = column(robbed, "data", "emotion_records", "sealed") + column(
        robbed, "keys", "subject_keys", "wrapped"
    )
    assert len(candidates) > 50 and len(envelopes) > 50
    for key in candidates:
        for envelope in envelopes[:40]:
            with pytest.raises(VaultError):
                open_(key, envelope, associated_data(kind="key", name="row-mac"))


def key_candidates(robbed: Robbed) -> set[bytes]:
    """Every 32 bytes at the ends of what the key store holds in binary."""
    names = [("epochs", "check_value"), ("closing_list", "hash"), ("log_head", "root")]
    names += [("subject_keys", "wrapped"), ("system_keys", "wrapped")]
    values = [value for table, name in names for value in column(robbed, "keys", table, name)]
    return {part for value in values for part in (value[:32], value[-32:], value[-48:-16]) if len(part) == 32}


def test_the_store_still_works_for_its_owner(robbed: Robbed) -> None:
    """The canaries are really in there: with the root key each comes back."""
    person = robbed.seeded.people[6]
    me = Principal(person.id, role="subject")
    (record,) = robbed.sdk.vault.read(person.id, principal=me, purpose="subject_access", reason="mine")
    assert (record.categories[0].name, record.categories[0].value) == (person.corrected_label, person.score)
    assert record.comment == person.comment


def test_what_shows_is_listed_column_by_column() -> None:
    """Every column of both stores has its line, and no line speaks of a column that is not there."""
    lines = WHAT_SHOWS.read_text("utf-8").splitlines()
    listed = {m[1] for line in lines if (m := re.match(r"\| `([a-z_]+\.[a-z_]+)` \| \S", line))}
    columns = {
        f"{t.name}.{c.name}"
        for metadata in STORES.values()
        for t in metadata.tables.values()
        for c in t.columns
    }
    assert listed == columns
