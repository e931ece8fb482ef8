"""Where root keys live: outside the folder of the stores. One object an epoch."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from emoconsent.clock import Clock
from emoconsent.errors import ConfigurationError
from emoconsent.vault.ports import Destruction

KEY_BYTES: Final = 32


class FileRootKeys:
    """Root keys as files of mode 0600, ``<directory>/epoch-<n>.key``, base64 text.

    Destroying overwrites, syncs and unlinks the file: a fact about the file, not about what the
    medium or a backup of that directory may have kept (docs/limitations.md).
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        self.directory = directory
        self._clock = clock

    def path(self, epoch: int) -> Path:
        return self.directory / f"epoch-{epoch}.key"

    def create(self, epoch: int) -> None:
        if self.path(epoch).exists():
            return
        try:
            self._create(self.path(epoch))
        except OSError as error:
            raise ConfigurationError(
                f"cannot write a root key under {self.directory}: {error.strerror}; make the directory "
                "writable, or set XDG_CONFIG_HOME or EMOCONSENT_ROOT_KEY"
            ) from None

    def _create(self, path: Path) -> None:
        """Whole or not at all: a crash must not leave half a key under the key's name."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path)
        temporary.unlink()
        _sync_directory(self.directory)

    def get(self, epoch: int) -> bytes:
        path = self.path(epoch)
        try:
            text = path.read_text("ascii")
        except (OSError, UnicodeDecodeError):
            raise ConfigurationError(
                f"the root key of epoch {epoch} is missing: expected at {path}; restore that file from "
                "its backup (a new one cannot open what the old one sealed)"
            ) from None
        return _decode(text, f"the file {path}")

    def destroy(self, epoch: int) -> Destruction:
        path = self.path(epoch)
        try:
            with path.open("r+b") as file:
                file.write(bytes(path.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            _sync_directory(self.directory)
        except FileNotFoundError:
            pass
        return Destruction(confirmed_at=self._clock())

    def describe(self) -> str:
        return f"files under {self.directory}"


class EnvironmentRootKeys:
    """Root keys from one variable: ``base64`` for epoch 1, or ``1:base64,2:base64``.

    The SDK cannot take a value out of the operator's secret store: a destruction counts as
    confirmed only once the variable no longer holds the epoch.
    """

    def __init__(self, variable: str, environ: Mapping[str, str], clock: Clock) -> None:
        self._variable = variable
        self._environ = environ
        self._clock = clock

    def create(self, epoch: int) -> None:
        self.get(epoch)

    def get(self, epoch: int) -> bytes:
        text = self._values().get(epoch)
        if text is None:
            raise ConfigurationError(
                f"{self._variable} holds no root key of epoch {epoch}: add '{epoch}:<base64 of 32 random "
                "bytes>' to it (comma-separated, older epochs kept)"
            )
        return _decode(text, self._variable)

    def destroy(self, epoch: int) -> Destruction:
        if epoch in self._values():
            return Destruction()
        return Destruction(confirmed_at=self._clock())

    def describe(self) -> str:
        return f"the environment variable {self._variable}"

    def _values(self) -> dict[int, str]:
        raw = self._environ.get(self._variable, "").strip()
        parts = [part.strip() for part in raw.split(",") if part.strip()]
        values: dict[int, str] = {}
        for part in parts:
            number, colon, text = part.partition(":")
            if not colon:
                number, text = "1", part
            if not number.isdecimal():
                raise ConfigurationError(f"{self._variable}: each item is 'epoch:base64'")
            values[int(number)] = text
        return values


def _decode(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigurationError(f"the root key in {where} is damaged: base64 of 32 bytes is expected")
    return key


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
