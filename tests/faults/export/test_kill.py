"""The process that makes a copy is killed, again and again: the archive is the same to the byte."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emoconsent import EmoConsent, Principal
from emoconsent.sample import prepare
from emoconsent.vault.record import Category, Inference, ScoreKind
from tests.architecture.imports import ROOT
from tests.faults.export.maker import PAGE
from tests.faults.race.places import folder_environ, homes
from tests.support.exports import check_manifest, check_schemas, data, opened

ME = Principal("c1", role="subject")
RECORDS = 20
LEAST_KILLS = 3


def begun(folder: Path) -> str:
    """A store with a person, their records and a copy that is begun; its id."""
    with EmoConsent.from_env(folder_environ(folder)) as sdk:
        prepare(sdk, Principal("ops", role="admin"))
        scope = [("customer_care", "text")]
        sdk.consent.grant("c1", notice="shop-care@1", scope=scope, channel="chat", language="en")
        value = Inference("test:few", ScoreKind.RULE, (Category("calm", 0.5),))
        call = sdk.guard(lambda _text: value, recognizer="text-lexicon", purpose="customer_care")
        for _ in range(RECORDS):
            call("text", subject="c1")
        return sdk.exports.begin("c1", principal=ME).id


def start(environ: dict[str, str], export: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.faults.export.maker", export]
    return subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environ,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def killed(environ: dict[str, str], export: str, dice: random.Random) -> bool:
    """Run the maker, kill it somewhere after its first parts; whether it was killed in time."""
    with start(environ, export) as process:
        assert process.stdout is not None
        for _ in range(dice.randint(1, 3)):
            if process.stdout.readline().strip() == "ready":
                return False
        time.sleep(dice.random() * 0.03)
        process.send_signal(signal.SIGKILL)
        return "ready" not in process.stdout.read()


def archive(environ: dict[str, str], export: str) -> bytes:
    with EmoConsent.from_env(environ) as sdk:
        return b"".join(sdk.exports.open(sdk.exports.link(export, principal=ME), principal=ME))


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12))])
def test_killed_anywhere_it_is_the_same_archive(tmp_path: Path, seed: int) -> None:
    """kill -9 in the middle of parts, many times: what is made at last equals what was made in one go."""
    export, dice = begun(tmp_path), random.Random(seed)
    other = homes(tmp_path) | {"EMOCONSENT_FOLDER": str(tmp_path / "other")}
    shutil.copytree(tmp_path / "data", tmp_path / "other")
    kills = 0
    while killed(folder_environ(tmp_path), export, dice):
        kills += 1
    assert kills >= LEAST_KILLS
    undisturbed = start(other, export)
    assert "ready" in undisturbed.communicate()[0]
    disturbed = archive(folder_environ(tmp_path), export)
    assert disturbed == archive(other, export)
    files = opened(disturbed)
    assert len(data(files, "records")) == RECORDS
    assert sum(name.startswith("records/") and name.endswith(".json") for name in files) == RECORDS // PAGE
    with EmoConsent.from_env(folder_environ(tmp_path)) as sdk:
        check_manifest(files, sdk.public_keys())
        assert sdk.audit.verify().findings == ()
    assert check_schemas(files)
