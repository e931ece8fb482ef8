"""The archive's bytes, read by the standard library: also where 32 and 16 bits do not do."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.rights.export.archive import Item, directory, pack

AT = datetime(2026, 11, 23, 12, 34, 57, tzinfo=UTC)
FAR = 5 << 30  # bytes; beyond what 32 bits tell


def archive(contents: dict[str, bytes], gap: int = 0) -> tuple[bytes, bytes]:
    """The files after a *gap*, and the directory."""
    data, items = b"", list[Item]()
    for name, content in contents.items():
        chunk, item = pack(name, content, gap + len(data), AT)
        data += chunk
        items.append(item)
    return data, directory(items, gap + len(data), AT)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}(/[a-z0-9.]{1,8})?", fullmatch=True), st.binary(max_size=300)))
def test_whatever_goes_in_comes_out(contents: dict[str, bytes]) -> None:
    """Names and bytes, in order, with the time of the copy on each."""
    with zipfile.ZipFile(io.BytesIO(b"".join(archive(contents)))) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == contents
        assert {info.date_time for info in found.infolist()} <= {(2026, 11, 23, 12, 34, 56)}


def test_a_file_beyond_four_gibibytes(tmp_path: Path) -> None:
    """Where offsets need 64 bits they have them: a sparse file of five gibibytes opens and reads."""
    data, end = archive({"a": b"first", "records/b.json": b"second"}, FAR)
    path = tmp_path / "far.zip"
    with path.open("wb") as out:
        out.seek(FAR)
        out.write(data + end)
    with zipfile.ZipFile(path) as found:
        assert found.testzip() is None
        assert [found.read(name) for name in found.namelist()] == [b"first", b"second"]
        assert min(info.header_offset for info in found.infolist()) == FAR


def test_more_files_than_sixteen_bits_count() -> None:
    """Seventy thousand files are all listed."""
    contents = {f"f{number}": b"" for number in range(70_000)}
    chunks, items, offset = [], [], 0
    for name, content in contents.items():
        chunk, item = pack(name, content, offset, AT)
        chunks.append(chunk)
        items.append(item)
        offset += len(chunk)
    with zipfile.ZipFile(io.BytesIO(b"".join(chunks) + directory(items, offset, AT))) as found:
        assert len(found.namelist()) == 70_000


@pytest.mark.parametrize("year", [1970, 2200])
def test_a_year_that_zip_cannot_say(year: int) -> None:
    """The nearest that it can say, and no error."""
    chunk, item = pack("a", b"x", 0, AT.replace(year=year))
    made = chunk + directory([item], len(chunk), AT.replace(year=year))
    with zipfile.ZipFile(io.BytesIO(made)) as found:
        assert found.infolist()[0].date_time[0] in (1980, 2107)
