"""The documentation against the code: its Python runs, its names exist, its tables are complete."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from emoconsent import errors
from emoconsent.cli import main
from emoconsent.recognizers.cards import card_ids
from emoconsent.storage import schema
from emoconsent.vocabulary import Reason

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
ALL = [ROOT / "README.md", ROOT / "README.zh.md", *PAGES]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def name(path: Path) -> str:
    """A page's name in a test's id."""
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path, *languages: str) -> list[str]:
    """The page's code blocks in one of *languages*, in order."""
    found = _BLOCK.findall(path.read_text(encoding="utf-8"))
    return [code for language, code in found if language in languages]


def read(page: str) -> str:
    """A page's text, which must be there."""
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


SCRIPTS = [page for page in PAGES if blocks(page, "python")]


def run(page: Path, folder: Path, **environment: str) -> None:
    """Run the page's Python as one script, in an empty folder, with warnings as errors."""
    script = folder / "page.py"
    script.write_text("\n".join(blocks(page, "python")), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{name(page)}:\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", [p for p in SCRIPTS if "postgresql" not in p.name], ids=name)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    """The page's blocks, top to bottom, are one script that ends without an error or a warning."""
    folder = tmp_path / "empty"
    folder.mkdir()
    run(page, folder)


def test_the_python_about_postgresql_runs(tmp_path: Path, pg_database: Callable[[], str]) -> None:
    """The page about PostgreSQL runs against a real server, with two databases of its own."""
    page = ROOT / "docs" / "how-to" / "run-on-postgresql.md"
    assert page in SCRIPTS
    folder = tmp_path / "empty"
    folder.mkdir()
    run(page, folder, EMOCONSENT_DATABASE_URL=pg_database(), EMOCONSENT_KEYSTORE_URL=pg_database())


@pytest.mark.parametrize("page", ALL, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of the page names a file or folder that exists."""
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    targets = [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in t]
    missing = [target for target in targets if target and not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", ALL, ids=name)
def test_named_files_and_modules_exist(page: Path) -> None:
    """Every path into the tests and every dotted name of the package that a page mentions is real."""
    quoted = re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8"))
    paths = [q for q in quoted if re.fullmatch(r"(tests|migrations|emoconsent)/[\w./-]+", q)]
    assert not [path for path in paths if not (ROOT / path).exists()]
    names = [q for q in quoted if re.fullmatch(r"emoconsent(\.[a-z]\w*)+(\.[A-Z]\w*)?", q)]
    names = [q for q in names if not q.endswith(".toml")]
    assert not [dotted for dotted in names if not importable(dotted)]


def importable(dotted: str) -> bool:
    """Whether *dotted* is a module, or something in one."""
    try:
        importlib.import_module(dotted)
    except ImportError:
        parent, _, last = dotted.rpartition(".")
        return "." in dotted and hasattr(importlib.import_module(parent), last)
    return True


def commands(group: click.Command, prefix: str = "") -> Iterator[str]:
    """Every command of the command line, as it is typed."""
    if not isinstance(group, click.Group):
        yield prefix.strip()
        return
    for key, command in group.commands.items():
        yield from commands(command, f"{prefix} {key}")


def test_every_command_in_the_docs_exists() -> None:
    """What a page tells the reader to type is a command of this release."""
    known = set(commands(main))
    typed = [
        (name(page), line.split("emoconsent ", 1)[1])
        for page in ALL
        for block in blocks(page, "console", "bash", "sh")
        for line in block.splitlines()
        if re.match(r"(\$ )?emoconsent ", line)
    ]
    unknown = [(page, line) for page, line in typed if not is_command(line, known)]
    assert not unknown


def is_command(line: str, known: set[str]) -> bool:
    """Whether *line*, without options, begins with a command."""
    words = [word for word in line.split() if not word.startswith("-")]
    return bool({words[0], " ".join(words[:2])} & known)


def test_the_table_of_commands_is_complete() -> None:
    """The reference page lists every command, and none that there is not."""
    listed = set(re.findall(r"^\| `([a-z -]+?)(?: [A-Z\[].*?)?` \|", read("reference/cli.md"), re.MULTILINE))
    assert listed == set(commands(main))


def test_every_reason_and_error_is_explained() -> None:
    """No reason code and no exception is missing from their reference page."""
    page = read("reference/errors-and-reasons.md")
    wanted = {reason.value for reason in Reason}
    wanted |= {n for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, Exception)}
    assert not {word for word in wanted if f"`{word}`" not in page}


@pytest.mark.parametrize("page", ["reference/file-and-table-layout.md", "limitations.md"])
def test_every_table_is_accounted_for(page: str) -> None:
    """Each table of both stores is described, and each says in the limitations what it shows."""
    tables = {*schema.data.tables, *schema.keys.tables}
    text = read(page)
    assert not {table for table in tables if f"`{table}`" not in text}


def test_every_column_that_shows_is_listed() -> None:
    """The limitations name every column of the data store."""
    text = read("limitations.md")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*)$", text, re.MULTILINE))
    missing = {
        f"{table.name}.{column.name}"
        for table in schema.data.tables.values()
        for column in table.columns
        if f"`{column.name}`" not in rows.get(table.name, "")
    }
    assert not missing


def test_every_model_card_is_listed() -> None:
    """The page about model cards lists those that ship."""
    page = read("reference/model-cards.md")
    assert not {card for card in card_ids() if f"`{card}`" not in page}


def test_every_dependency_has_its_reason() -> None:
    """Each direct dependency, optional ones included, is on the page that says why."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.split(r"[\[<>=~!]", line)[0] for lines in lists for line in lines} - {"emoconsent"}
    page = read("reference/dependencies.md")
    assert not {dependency for dependency in names if f"`{dependency}`" not in page}


def test_every_setting_is_described() -> None:
    """Each variable that the code reads is on the page of settings."""
    found: set[str] = set()
    for module in ("emoconsent/settings.py", "emoconsent/cli/session.py"):
        text = (ROOT / module).read_text(encoding="utf-8")
        found |= set(re.findall(r"EMOCONSENT_[A-Z_]*[A-Z]", text))
        found |= {f"EMOCONSENT_{word}" for word in re.findall(r'PREFIX \+ "([A-Z_]+)"', text)}
    page = read("reference/settings.md")
    assert found
    assert not {variable for variable in found if f"`{variable}`" not in page}
