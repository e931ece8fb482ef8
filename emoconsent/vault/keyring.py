"""The key hierarchy: root key of the epoch -> key-encryption key -> data keys and system keys.

Nothing of a subject is cached: each use reads the wrapped key anew, so that a key destroyed in
one process is gone for all of them at once (design section 6, the barrier). What is kept in memory
are key-encryption keys and the store's own keys; those of an epoch that another process destroyed are
dropped with the first use of a subject's keys that comes ``KEEP_UP`` or later after the last check.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from emoconsent.errors import ConfigurationError, Unavailable, VaultError
from emoconsent.vault.blind_index import blind_index
from emoconsent.vault.envelope import associated_data, commits_to, open_, seal
from emoconsent.vault.padding import pad, unpad
from emoconsent.vault.ports import (
    DAMAGED,
    Epoch,
    EpochOver,
    KeyClass,
    KeyStore,
    RootKeyProvider,
    SystemKey,
    WrappedKey,
)
from emoconsent.vault.subject_keys import SubjectKeys

ACTIVE: Final = "active"
RETIRED: Final = "retired"
DESTROYING: Final = "destroying"
DESTROYED: Final = "destroyed"
LIVE: Final = (ACTIVE, RETIRED)  # the epochs whose root key is read
ROW_MAC: Final = "row-mac"
STORE_SEAL: Final = "store-seal"
SIGN_RECEIPTS: Final = "sign-receipts"
SIGN_CERTIFICATES: Final = "sign-certificates"
SIGN_CHECKPOINTS: Final = "sign-checkpoints"
SIGN_CLOSINGS: Final = "sign-closings"
TRIED_OWNERS: Final = 16
KEEP_UP: Final = 5.0  # seconds between two looks at what epochs other processes opened or destroyed
_ATTEMPTS: Final = 8
SYMMETRIC: Final = (ROW_MAC, STORE_SEAL)
SIGNING: Final = (SIGN_RECEIPTS, SIGN_CERTIFICATES, SIGN_CHECKPOINTS, SIGN_CLOSINGS)


def index_name(epoch: int) -> str:
    """The blind-index key's name: one an epoch, so that it dies with the epoch."""
    return f"blind-index-{epoch}"


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What is in memory: key-encryption keys by epoch, the store's own keys by name."""

    epochs: tuple[tuple[int, str], ...]
    active: int
    keks: dict[int, bytes] = field(repr=False)
    system: dict[str, bytes] = field(repr=False)


class Keyring:
    """Opens, makes and destroys keys. Thread-safe.

    Args:
        store: the key store.
        roots: the provider of root keys.
        now: microseconds, for the rows' creation times.
        monotonic: seconds on a clock that nobody sets.
        new: the store is being made, so what it lacks is made too. In any other, a missing key is a loss:
            a new one in its place would find nobody, and sign what nobody can check.

    Raises:
        ConfigurationError: the key store is not whole, or a root key is not the one that sealed it.
    """

    def __init__(
        self,
        store: KeyStore,
        roots: RootKeyProvider,
        now: Callable[[], int],
        monotonic: Callable[[], float],
        *,
        new: bool,
    ) -> None:
        self.store = store
        self.roots = roots
        self._now = now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._checked = monotonic()
        if new:
            self._create()
        self._loaded = self._load()

    def _create(self) -> None:
        """Make what a new store lacks: the first opening may have been cut short."""
        if not self.store.epochs():
            self._open_epoch(1)
        kek, there = self._kek(self.store.epochs()[0]), {row.name for row in self.store.system_keys()}
        for name in (*SYMMETRIC, *SIGNING):
            if name not in there:
                self.store.put_system_key(_new_system_key(name, 1, kek))

    def _load(self) -> _Loaded:
        epochs, rows = self._read()
        keks = {e.epoch: self._kek(e) for e in epochs if e.state in LIVE}
        system = {row.name: _system_key(keks[row.epoch], row) for row in rows if row.epoch in keks}
        return _Loaded(_states(epochs), _active(epochs), keks, system)

    def _read(self) -> tuple[list[Epoch], list[SystemKey]]:
        """Epochs and the store's own keys as they were together: another process may rotate meanwhile."""
        for _ in range(_ATTEMPTS):
            epochs, rows = self.store.epochs(), self.store.system_keys()
            if _states(self.store.epochs()) == _states(epochs):
                _require_whole(epochs, rows)
                return epochs, rows
        raise Unavailable("the root keys keep rotating; try again", outcome="not_done")

    def _open_epoch(self, number: int) -> None:
        """The epoch's row comes last: an epoch without its blind index is a loss, not one half opened."""
        self.roots.create(number)
        check = hmac.digest(self.roots.get(number), b"emoconsent/check/v1", "sha256")
        epoch = Epoch(number, ACTIVE, self._now(), None, check)
        kek = self._kek(epoch)
        key = _new_system_key(index_name(number), number, kek)
        there = self.store.put_system_key(key)
        try:
            _unwrap(kek, there.wrapped, there.name)
        except VaultError:  # of an attempt cut short, under a root key that was given up since
            self.store.replace_system_key(key)
        self.store.put_epoch(epoch)

    def _kek(self, epoch: Epoch) -> bytes:
        root = self.roots.get(epoch.epoch)
        check = hmac.digest(root, b"emoconsent/check/v1", "sha256")
        if not hmac.compare_digest(check, bytes(epoch.check_value)):
            raise ConfigurationError(
                f"the root key of epoch {epoch.epoch} ({self.roots.describe()}) is not the one that "
                "sealed this store; put the right key back"
            )
        info = b"emoconsent/kek/v1/%d" % epoch.epoch
        return HKDFExpand(algorithm=SHA256(), length=32, info=info).derive(root)

    @property
    def epoch(self) -> int:
        """The active epoch's number."""
        return self._loaded.active

    def forget(self) -> None:
        """In a forked child: another thread of the parent may have held the lock."""
        self._lock = threading.Lock()

    def reload(self) -> None:
        """Read epochs and system keys anew, dropping what is no longer there."""
        with self._lock:
            self._loaded = self._load()

    def refresh(self) -> None:
        """``reload`` if another process rotated or destroyed an epoch since."""
        if _states(self.store.epochs()) != self._loaded.epochs:
            self.reload()

    def _keep_up(self) -> None:
        """``refresh`` every ``KEEP_UP`` seconds: a key must not outlive its epoch by never being missed."""
        began = self._monotonic()
        if began - self._checked >= KEEP_UP:
            self.refresh()
            self._checked = began

    def system(self, name: str) -> bytes:
        """A system key's 32 bytes (for signing keys: the Ed25519 seed)."""
        return self._loaded.system[name]

    def signing_key(self, name: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.system(name))

    def indexes(self, subject_id: str) -> list[bytes]:
        """The blind indexes of *subject_id* under every live epoch, newest first."""
        loaded = self._loaded
        names = [index_name(e) for e in sorted(loaded.keks, reverse=True)]
        return [blind_index(loaded.system[n], subject_id) for n in names if n in loaded.system]

    def index(self, subject_id: str) -> tuple[int, bytes]:
        """The active epoch and the blind index under it."""
        loaded = self._loaded
        return loaded.active, blind_index(loaded.system[index_name(loaded.active)], subject_id)

    def keyed(self, kind: str, value: str) -> bytes:
        """A keyed hash of an identifier that is no subject's (staff, approvers)."""
        mac = hmac.new(self.system(STORE_SEAL), f"emoconsent/keyed/{kind}\x00".encode(), hashlib.sha256)
        mac.update(value.encode())
        return mac.digest()

    def make(self, owner: bytes) -> SubjectKeys:
        """New data keys for *owner*, durable on return, under the epoch that is active in the store."""
        self._keep_up()
        opened = {key_class: self._open(self._put(owner, key_class)) for key_class in KeyClass}
        return SubjectKeys(owner, opened[KeyClass.SUBJECT], opened[KeyClass.EVIDENCE])

    def _put(self, owner: bytes, key_class: KeyClass) -> WrappedKey:
        secret = secrets.token_bytes(32)
        for _ in range(_ATTEMPTS):
            try:
                return self.store.put_key(self._wrapped(owner, key_class, secret), self._now())
            except EpochOver:
                self.reload()
        raise Unavailable("the root keys keep rotating; try again", outcome="not_done")

    def _wrapped(self, owner: bytes, key_class: KeyClass, secret: bytes) -> WrappedKey:
        loaded = self._loaded
        wrapped = _wrap(loaded.keks[loaded.active], secret, _purpose(owner, key_class))
        return WrappedKey(owner, key_class, loaded.active, wrapped)

    def open(self, owner: bytes) -> SubjectKeys:
        """The data keys of *owner*.

        Raises:
            Unavailable: a key is missing or cannot be unwrapped. A missing key is never replaced:
                that would turn lost data into an empty answer.
        """
        self._keep_up()
        wrapped = self.store.keys_of(owner)
        if set(wrapped) != set(KeyClass):
            raise Unavailable("a subject's keys are missing from the key store; run `emoconsent doctor`")
        opened = {key_class: self._open(key) for key_class, key in wrapped.items()}
        return SubjectKeys(owner, opened[KeyClass.SUBJECT], opened[KeyClass.EVIDENCE])

    def _open(self, key: WrappedKey) -> bytes:
        if key.epoch not in self._loaded.keks:
            self.reload()
        kek = self._loaded.keks.get(key.epoch)
        if kek is None:
            raise Unavailable(f"the keys of epoch {key.epoch} were destroyed")
        try:
            return _unwrap(kek, key.wrapped, _purpose(key.owner, key.key_class))
        except VaultError:
            raise Unavailable(DAMAGED) from None

    def any_key_commits_to(self, envelope: bytes) -> bool:
        """Whether a key that is still held sealed *envelope*.

        Tries the key-encryption keys, the store's own keys and the data keys of up to
        ``TRIED_OWNERS`` owners; the envelope's commitment answers for each without decrypting.
        """
        held = [*self._loaded.keks.values(), *self._loaded.system.values()]
        if any(commits_to(key, envelope) for key in held):
            return True
        owners = self.store.owners(limit=TRIED_OWNERS)
        wrapped = (key for owner in owners for key in self.store.keys_of(owner).values())
        return any(commits_to(self._open(key), envelope) for key in wrapped)

    def destroy(self, owner: bytes) -> int:
        """Destroy the data keys of *owner*; how many there were. Repeats harmlessly."""
        return self.store.destroy(owner)

    def next_epoch(self) -> int:
        """The number that the next epoch will have."""
        return max(e.epoch for e in self.store.epochs()) + 1

    def open_epoch(self, number: int) -> None:
        """Begin epoch *number*, unless it was begun, and retire those before it. System keys move.

        Raises:
            ConfigurationError: the provider has no root key for it, and nothing changed.
        """
        with self._lock:
            if number not in {e.epoch for e in self._read()[0]}:
                self._open_epoch(number)
        self.retire()

    def retire(self) -> None:
        """Move the store's own keys to the newest epoch and retire the others. Repeats harmlessly."""
        with self._lock:
            loaded = self._load()
            for row in self.store.system_keys():
                if row.name in (*SYMMETRIC, *SIGNING) and row.epoch != loaded.active:
                    wrapped = _wrap(loaded.keks[loaded.active], loaded.system[row.name], row.name)
                    self.store.replace_system_key(SystemKey(row.name, loaded.active, wrapped, row.public))
            for old in self.store.epochs():
                if old.state == ACTIVE and old.epoch != loaded.active:
                    self.store.put_epoch(replace(old, state=RETIRED))
            self._loaded = self._load()

    def rewrap(self, key: WrappedKey) -> None:
        """Move a data key to the active epoch."""
        try:
            self.store.rewrap(key, self._wrapped(key.owner, key.key_class, self._open(key)))
        except EpochOver:
            self.reload()


class StoreSeal:
    """Seals what concerns staff and no subject, under the store's own key."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def seal(self, plaintext: bytes, entry_id: bytes) -> bytes:
        return seal(
            self._keyring.system(STORE_SEAL), pad(plaintext), associated_data(kind="log", entry=entry_id)
        )

    def seal_for(self, kind: str, name: str, plaintext: bytes) -> bytes:
        """*plaintext*, bound to what it is (*kind*) and whose (*name*)."""
        return seal(self._keyring.system(STORE_SEAL), pad(plaintext), associated_data(kind=kind, name=name))

    def open_for(self, kind: str, name: str, sealed: bytes) -> bytes:
        """The inverse of ``seal_for``. Raises VaultError."""
        return unpad(open_(self._keyring.system(STORE_SEAL), sealed, associated_data(kind=kind, name=name)))


def _states(epochs: Sequence[Epoch]) -> tuple[tuple[int, str], ...]:
    return tuple((epoch.epoch, epoch.state) for epoch in epochs)


def _active(epochs: Sequence[Epoch]) -> int:
    return max(epoch.epoch for epoch in epochs if epoch.state == ACTIVE)


def _require_whole(epochs: Sequence[Epoch], rows: Sequence[SystemKey]) -> None:
    """Refuse a key store that lacks what every store has, whoever took it away."""
    live = {epoch.epoch for epoch in epochs if epoch.state in LIVE}
    held = {row.name for row in rows if row.epoch in live}
    needed = {*SYMMETRIC, *SIGNING, *map(index_name, live)}
    if [epoch.epoch for epoch in epochs] != list(range(1, len(epochs) + 1)):
        raise _not_whole("an epoch is missing")
    if not {epoch.state for epoch in epochs} <= {*LIVE, DESTROYING, DESTROYED}:
        raise _not_whole("an epoch is in no state that there is")
    if not any(epoch.state == ACTIVE for epoch in epochs):
        raise _not_whole("no epoch is active")
    if needed - held:
        raise _not_whole(f"of its own keys, {', '.join(sorted(needed - held))} cannot be found")


def _not_whole(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"the key store was altered or is incomplete: {what}; restore the key store from its own backup "
        "(new keys cannot open what the old ones sealed)"
    )


def _system_key(kek: bytes, row: SystemKey) -> bytes:
    try:
        secret = _unwrap(kek, row.wrapped, row.name)
    except VaultError:
        raise _not_whole(f"its own key {row.name} does not open") from None
    if row.public != _public(row.name, secret):
        raise _not_whole(f"the public half of its own key {row.name} is another's")
    return secret


def _new_system_key(name: str, epoch: int, kek: bytes) -> SystemKey:
    secret = secrets.token_bytes(32)
    return SystemKey(name, epoch, _wrap(kek, secret, name), _public(name, secret))


def _purpose(owner: bytes, key_class: KeyClass) -> str:
    return f"{key_class.value}:{owner.hex()}"


def _wrap(kek: bytes, secret: bytes, name: str) -> bytes:
    return seal(kek, secret, associated_data(kind="key", name=name))


def _unwrap(kek: bytes, wrapped: bytes, name: str) -> bytes:
    return open_(kek, wrapped, associated_data(kind="key", name=name))


def _public(name: str, secret: bytes) -> str | None:
    """The public half of a signing key, whose secret is its seed."""
    if name not in SIGNING:
        return None
    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw().hex()
