"""A model that takes a list: one permit, one entry and one outcome for each item."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from emoconsent.errors import ConsentDenied, InvalidInput, RecognizerOutputError
from emoconsent.gate.guard import Call, kind_of
from emoconsent.gate.permit import Permit
from emoconsent.gate.settle import Denied, Recognition, refuse_unfinished
from emoconsent.policy.context import CallContext
from emoconsent.vocabulary import Decision


@dataclass(frozen=True, slots=True)
class Failed:
    """A row of a batch that was allowed, but whose own result could not be kept. Falsy.

    Attributes:
        error: what its output was refused with (``RecognizerOutputError``, what an adapter raised),
            or why it could not be stored (``Unavailable``).
    """

    decision: Decision
    error: Exception = field(repr=False)

    def __bool__(self) -> bool:
        return False


Row = Recognition | Denied | Failed


class GuardedBatch:
    """Call it with a list and ``subjects=``; it gives a list of the same length, in the same order.

    Denied items never reach the model; if all are denied it is not called. An output of another
    length than its input discards everything: nobody could say whose is whose.
    """

    def __init__(self, call: Call) -> None:
        """Raises InvalidInput if the model is asynchronous."""
        if kind_of(call.function) in ("async", "async stream"):
            raise InvalidInput(
                ["batch: the model is asynchronous; give a plain one, and call the batch in a thread"]
            )
        self._call = call

    def __call__(
        self,
        inputs: Sequence[Any],
        *args: Any,
        subjects: Sequence[str],
        context: CallContext | None = None,
        **kwargs: Any,
    ) -> list[Row]:
        """Recognise a list. A row is a ``Recognition``, ``Denied``, or ``Failed``.

        Raises:
            InvalidInput: not one subject an input.
            RecognizerOutputError: the output has another length; nothing was kept.
        """
        function = self._call.function
        return self.run(inputs, subjects, context, lambda allowed, _: function(allowed, *args, **kwargs))

    def run(
        self,
        inputs: Sequence[Any],
        subjects: Sequence[str],
        context: CallContext | None,
        model: Callable[[list[Any], list[str]], Any],
    ) -> list[Row]:
        """The rows; *model* is given the allowed inputs and their subjects."""
        values, names = list(inputs), list(subjects)
        if isinstance(subjects, str) or len(values) != len(names):
            raise InvalidInput(
                ["subjects: one identifier an input is needed; the two have different lengths"]
            )
        admitted = self._admit(names, context)
        permits = [permit for permit in admitted if isinstance(permit, Permit)]
        if not permits:
            return [row for row in admitted if isinstance(row, Denied)]
        kept = [i for i, row in enumerate(admitted) if isinstance(row, Permit)]
        try:
            outputs = iter(self._outputs(permits, model, [values[i] for i in kept], [names[i] for i in kept]))
            return [
                self._complete(row, next(outputs)) if isinstance(row, Permit) else row for row in admitted
            ]
        except BaseException as error:
            with ExitStack() as rest:  # whatever one of them raises, all are settled
                for permit in permits:
                    rest.callback(self._fail, permit, error)
            raise

    def map(
        self, inputs: Iterable[Any], *, subjects: Iterable[str], context: CallContext | None = None
    ) -> Iterable[Row]:
        """The rows of one batch, for code written for ``map``."""
        return iter(self(list(inputs), subjects=list(subjects), context=context))

    def _admit(self, names: Sequence[str], context: CallContext | None) -> list[Permit | Denied]:
        admitted: list[Permit | Denied] = []
        try:
            for name in names:
                try:
                    admitted.append(self._call.admit(name, context))
                except ConsentDenied as denied:
                    admitted.append(Denied(denied.decision))
        except BaseException:
            for row in admitted:
                if isinstance(row, Permit):
                    self._call.settlement.release(row)
            raise
        return admitted

    def _outputs(
        self,
        permits: list[Permit],
        model: Callable[[list[Any], list[str]], Any],
        allowed: list[Any],
        names: list[str],
    ) -> list[Any]:
        with self._call.inside(*permits):
            given = model(allowed, names)
            if not inspect.isgenerator(given):  # one that yields its rows does so here, under the permits
                refuse_unfinished(given)
            outputs = list(given)
        if len(outputs) != len(permits):
            raise RecognizerOutputError(
                ["the model returned another number of results than it was given inputs"]
            )
        return outputs

    def _fail(self, permit: Permit, error: BaseException) -> None:
        if not permit.settled:
            # If this item's consent ended as well: the batch's own failure is what the caller learns.
            with suppress(ConsentDenied):
                self._call.settlement.fail(permit, error)

    def _complete(self, permit: Permit, output: Any) -> Row:
        """One item's own outcome: neither a withdrawal nor a bad output touches the other items."""
        try:
            return self._call.complete(permit, output)
        except ConsentDenied as denied:
            return Denied(denied.decision)
        except Exception as error:  # noqa: BLE001 - the row carries it: the others are stored already
            return Failed(permit.decision, error)
