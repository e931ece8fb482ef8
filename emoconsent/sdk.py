"""The composition root: the one place where stores, keys, rules and calls are put together."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from emoconsent import wiring
from emoconsent.access.principal import Principal
from emoconsent.clock import Clock, utc_now
from emoconsent.consent import jws as signed
from emoconsent.consent.receipt import Receipt, public_jwk, received
from emoconsent.errors import ConfigurationError, InvalidInput
from emoconsent.gate.batch import GuardedBatch
from emoconsent.gate.decision import Request
from emoconsent.gate.decorator import decorate, guard
from emoconsent.gate.guard import Call, Guarded
from emoconsent.gate.subject import subject_context
from emoconsent.policy.context import CallContext
from emoconsent.recognizers.adapters import ADAPTERS, Adapter, detect
from emoconsent.rights.certificate import TYPE as CERTIFICATE
from emoconsent.rights.certificate import Certificate
from emoconsent.rights.recipients.letter import Mail
from emoconsent.rights.worker import Worker
from emoconsent.sample import prepare
from emoconsent.settings import Settings, for_folder, from_environ
from emoconsent.vault.keyring import SIGN_CERTIFICATES, SIGN_RECEIPTS
from emoconsent.vocabulary import Role
from emoconsent.working import worker


class EmoConsent:
    """One store, opened: consent, the gate, the vault, rights and the log of it all.

    Open it with ``open``, ``from_env`` or ``sandbox``; close it, or use it as a context manager.
    Blocking methods have asynchronous twins: ``await sdk.consent.awithdraw(...)``.
    """

    def __init__(
        self, settings: Settings, *, clock: Clock | None = None, accept_restored: bool = False
    ) -> None:
        """Use the named constructors. *clock* is for tests; *accept_restored* for ``restore accept``.

        Raises:
            ConfigurationError: the store, its keys or its schema are not as they must be.
            Unavailable: the store was restored to an earlier state and that is not accepted yet.
        """
        self.settings = settings
        #: The instant as this host has it, or as the clock handed in says.
        self.now: Clock = clock or utc_now
        self._temporary: Path | None = None
        self._parts = parts = wiring.assemble(settings, clock, time.monotonic)
        self.sandboxed = parts.sandboxed
        self.notices = parts.notices
        self.consent = parts.consent
        self.subjects = parts.subjects
        self.recognizers = parts.recognizers
        self.gate = parts.gate
        self.vault = parts.vault
        self.hints = parts.hints
        self.access = parts.access
        self.accounts = parts.accounts
        self.rights = parts.rights
        self.exports = parts.exports
        self.dossiers = parts.dossiers
        self.recipients = parts.recipients
        self.retention = parts.retention
        #: None unless the operator set up a processor (EMOCONSENT_OPENDSR_*).
        self.opendsr = parts.opendsr
        self.audit = parts.audit
        self.keys = parts.keys
        self.restore = parts.restore
        _OPEN.add(self)
        try:
            if not accept_restored:
                self.restore.settle()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(
        cls, folder: str | os.PathLike[str] = "emoconsent-data", *, clock: Clock | None = None
    ) -> EmoConsent:
        """The embedded store in *folder*, created on first use. Root keys are kept outside it."""
        return cls(for_folder(os.fspath(folder), os.environ), clock=clock)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, clock: Clock | None = None) -> EmoConsent:
        """The store that ``EMOCONSENT_*`` variables name; never a sandbox."""
        made = cls(from_environ(os.environ if environ is None else environ), clock=clock)
        if made.sandboxed:
            made.close()
            raise ConfigurationError(
                "EMOCONSENT_FOLDER is a sandbox, which is for trying out; use another folder"
            )
        return made

    @classmethod
    def sandbox(cls, *, clock: Clock | None = None) -> EmoConsent:
        """A temporary store with a sample notice published and sample recognizers approved.

        The same gate as anywhere: it grants nothing by itself. Its receipts say TEST.
        """
        top = Path(tempfile.mkdtemp(prefix="emoconsent-sandbox-"))
        _TEMPORARY.add(top)
        homes = {
            "HOME": str(top / "home"),
            "XDG_CONFIG_HOME": str(top / "config"),
            "XDG_STATE_HOME": str(top / "state"),
        }
        made = cls(for_folder(top / "data", homes, sandbox=True), clock=clock)
        made._temporary = top
        prepare(made, Principal("sandbox", Role.ADMIN))
        return made

    def guard(
        self,
        function: Callable[..., Any],
        *,
        recognizer: str,
        purpose: str,
        adapter: Adapter | str | None = None,
        context: CallContext | None = None,
        batch: bool = False,
    ) -> Any:
        """*function* as a guarded recognizer: call it with ``subject=``, get a ``Recognition``.

        Args:
            function: any callable: plain, coroutine function, generator function (one result a
                step), or, with *batch*, one that takes a list and returns one of the same length.
            recognizer: its id in ``sdk.recognizers``; unknown or unapproved ones are denied at the call.
            adapter: how its output becomes an inference, where neither its card nor the shape tells:
                a function, or a name in ``emoconsent.recognizers.adapters.ADAPTERS``.
        """
        made: Guarded | GuardedBatch = guard(
            self._call(function, recognizer, purpose, adapter, context), batch=batch
        )
        return made

    def guarded(
        self,
        recognizer: str,
        *,
        purpose: str,
        subject_from: str | None = None,
        adapter: Adapter | str | None = None,
        context: CallContext | None = None,
        batch: bool = False,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A decorator; the function keeps its own return value, ``.recognize`` gives the Recognition.

        Args:
            subject_from: the function's parameter that names the subject; it is forwarded. Without it
                the subject comes from ``sdk.subject``, or from ``subject=`` if the function has no such
                parameter of its own.
            batch: the function takes a list (its first parameter) and returns one of the same length;
                *subject_from* then names the parameter that holds the list of subjects.
        """
        return lambda function: decorate(
            self._call(function, recognizer, purpose, adapter, context), subject_from, batch=batch
        )

    def _call(
        self,
        function: Callable[..., Any],
        recognizer: str,
        purpose: str,
        adapter: Adapter | str | None,
        context: CallContext | None,
    ) -> Call:
        if isinstance(adapter, str):
            if adapter not in ADAPTERS:
                raise InvalidInput([f"adapter: one of {', '.join(ADAPTERS)}, or a function"])
            adapter = ADAPTERS[adapter]
        for name, given in (("function", function), ("adapter", adapter or detect)):
            if not callable(given):
                raise InvalidInput([f"{name}: something that can be called is needed"])
        Request(purpose, "", recognizer, context)  # malformed values are refused here, not at the first call
        return Call(function, recognizer, purpose, self.gate, self._parts.settlement, adapter, context)

    def subject(self, subject: str) -> AbstractContextManager[None]:
        """``with sdk.subject("customer-42"): ...``: calls inside are about that subject."""
        return subject_context(subject)

    def public_keys(self) -> dict[str, Any]:
        """The JWK set under which receipts, certificates and copies verify, offline and for ever."""
        keyring = self._parts.keyring
        names = (SIGN_RECEIPTS, SIGN_CERTIFICATES)
        return {"keys": [public_jwk(keyring.signing_key(name).public_key()) for name in names]}

    def cookie_secret(self) -> bytes:
        """32 bytes for signing a portal's cookies: the same in every process on this store."""
        return self._parts.keyring.keyed("portal", "cookies")

    def verify_receipt(self, jws: str) -> Receipt:
        """The receipt that *jws* is, if this store signed it (the file of ``to_json`` will do, too).

        Raises:
            InvalidInput: it could not be verified; never says why.
        """
        return received(jws, self.public_keys())

    def verify_certificate(self, jws: str) -> Certificate:
        """The certificate or addendum that *jws* is, if this store signed it.

        Raises:
            InvalidInput: it could not be verified; never says why.
        """
        signed.verify(jws, self.public_keys(), typ=CERTIFICATE)
        return Certificate(jws)

    def worker(self, *, mail: Mail | None = None) -> Worker:
        """Who tells recipients and does what is due without anybody asking: run it in a thread or process.

        As many as wanted, on as many hosts, may work on one store.

        Args:
            mail: hands over a mail (address, subject line, text), or raises. Without it, recipients that
                are told by mail become tasks for a person.

        Raises:
            MissingExtra: the extra ``recipients`` is not installed.
        """
        return worker(self._parts, self.settings, self.now, mail)

    def ready(self) -> None:
        """Raises ``Unavailable`` or ``ConfigurationError`` unless the store answers and may serve."""
        self._parts.ready()

    def close(self) -> None:
        """Close connections and lock files; delete a sandbox (which the process's end does otherwise)."""
        _OPEN.discard(self)
        self._parts.close()
        if self._temporary is not None:
            _remove(self._temporary)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _forget(self) -> None:
        """In a forked child: own no permit, key, table or connection of the parent's."""
        self._temporary = None
        with suppress(Exception):
            self._parts.forget()


_OPEN: weakref.WeakSet[EmoConsent] = weakref.WeakSet()
#: Folders of sandboxes that this process made. Not tied to the objects' life: a guarded function may
#: outlive the EmoConsent that made it.
_TEMPORARY: set[Path] = set()


def _remove(folder: Path) -> None:
    _TEMPORARY.discard(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _remove_all() -> None:
    """At the end of the process: sandboxes that nobody closed."""
    for folder in list(_TEMPORARY):
        _remove(folder)


def _forget_in_child() -> None:
    _TEMPORARY.clear()  # the parent's to remove
    for sdk in list(_OPEN):
        sdk._forget()  # noqa: SLF001 - this module's own hook


os.register_at_fork(after_in_child=_forget_in_child)
atexit.register(_remove_all)
