"""A ZIP archive written file by file, so that it can be left off and gone on with after any file.

Each file is whole before it is written: its size and checksum stand in its own header, and nothing has to be
gone back to. What the directory at the end needs of a file is an ``Item``, kept until then. Field
names and layouts are those of PKWARE's APPNOTE 6.3.10; ZIP64 (section 4.3.14) only where it is needed.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_VERSION: Final = 45  # to extract: ZIP64, 4.4.3.2
_UTF8: Final = 1 << 11  # names are UTF-8, 4.4.4
_DEFLATED: Final = 8
_LEVEL: Final = 6
_UNIX: Final = 3 << 8
_MODE: Final = 0o100644 << 16  # a plain file, readable
_LOCAL: Final = struct.Struct("<IHHHHHIIIHH")
_CENTRAL: Final = struct.Struct("<IHHHHHHIIIHHHHHII")
_END: Final = struct.Struct("<IHHHHIIH")
_END64: Final = struct.Struct("<IQHHIIQQQQ")
_LOCATOR: Final = struct.Struct("<IIQI")
_MOST32: Final = 0xFFFFFFFF
_MOST16: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Item:
    """A file of the archive.

    Attributes:
        offset: of its header, from the archive's beginning.
        packed: bytes in the archive, deflated.
        size: bytes of the file itself.
        sha256: of the file itself, in hex.
        holds: how many things a page of data lists; 0 for a file of another kind.
    """

    name: str
    offset: int
    packed: int
    size: int
    crc: int
    sha256: str
    holds: int = 0


def pack(name: str, content: bytes, offset: int, at: datetime, *, holds: int = 0) -> tuple[bytes, Item]:
    """A file as it stands in the archive at *offset*, and what the directory has to know of it."""
    squeezer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = squeezer.compress(content) + squeezer.flush()
    digest = hashlib.sha256(content).hexdigest()
    item = Item(name, offset, len(data), len(content), zlib.crc32(content), digest, holds)
    encoded = name.encode()
    day, clock = _dos(at)
    header = _LOCAL.pack(
        0x04034B50,
        _VERSION,
        _UTF8,
        _DEFLATED,
        clock,
        day,
        item.crc,
        item.packed,
        item.size,
        len(encoded),
        0,
    )
    return header + encoded + data, item


def directory(items: Iterable[Item], offset: int, at: datetime) -> bytes:
    """The archive's end, which begins at *offset*: one line a file, then where these lines begin."""
    lines = [_line(item, at) for item in items]
    listed, count = b"".join(lines), len(lines)
    wide = b""
    if count >= _MOST16 or offset >= _MOST32 or len(listed) >= _MOST32:
        size = _END64.size - 12  # what follows the field itself
        wide = _END64.pack(
            0x06064B50, size, _UNIX | _VERSION, _VERSION, 0, 0, count, count, len(listed), offset
        )
        wide += _LOCATOR.pack(0x07064B50, 0, offset + len(listed), 1)
    few, small = min(count, _MOST16), min(len(listed), _MOST32)
    return listed + wide + _END.pack(0x06054B50, 0, 0, few, few, small, min(offset, _MOST32), 0)


def _line(item: Item, at: datetime) -> bytes:
    name = item.name.encode()
    far = struct.pack("<HHQ", 1, 8, item.offset) if item.offset >= _MOST32 else b""
    day, clock = _dos(at)
    head = _CENTRAL.pack(
        0x02014B50,
        _UNIX | _VERSION,
        _VERSION,
        _UTF8,
        _DEFLATED,
        clock,
        day,
        item.crc,
        item.packed,
        item.size,
        len(name),
        len(far),
        0,
        0,
        0,
        _MODE,
        min(item.offset, _MOST32),
    )
    return head + name + far


def _dos(at: datetime) -> tuple[int, int]:
    """Day and time of day as ZIP has them (4.4.6), which know no year before 1980."""
    year = min(max(at.year, 1980), 2107)
    return (year - 1980) << 9 | at.month << 5 | at.day, at.hour << 11 | at.minute << 5 | at.second // 2
