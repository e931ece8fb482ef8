"""A model that takes a list: one permit, one entry and one outcome for each item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from emoconsent.errors import ConsentDenied, InvalidInput, RecognizerOutputError
from emoconsent.gate.guard import Call
from emoconsent.gate.permit import Permit
from emoconsent.gate.settle import Denied, Recognition
from emoconsent.policy.context import CallContext

Row = Recognition | Denied


class GuardedBatch:
    """Call it with a list and ``subjects=``; it gives a list of the same length, in the same order.

    Denied items never reach the model; if all are denied it is not called. An output of another
    length than its input discards everything: nobody could say whose is whose.
    """

    def __init__(self, call: Call) -> None:
        self._call = call

    def __call__(
        self,
        inputs: Sequence[Any],
        *args: Any,
        subjects: Sequence[str],
        context: CallContext | None = None,
        **kwargs: Any,
    ) -> list[Row]:
        """Recognise a list.

        Raises:
            InvalidInput: not one subject an input.
            RecognizerOutputError: the output has another length; nothing was kept.
        """
        values, names = list(inputs), list(subjects)
        if isinstance(subjects, str) or len(values) != len(names):
            raise InvalidInput(
                ["subjects: one identifier an input is needed; the two have different lengths"]
            )
        admitted = self._admit(names, context)
        permits = [permit for permit in admitted if isinstance(permit, Permit)]
        if not permits:
            return [row for row in admitted if isinstance(row, Denied)]
        allowed = [
            value for value, permit in zip(values, admitted, strict=True) if isinstance(permit, Permit)
        ]
        outputs = iter(self._run(permits, allowed, args, kwargs))
        try:
            return [
                self._complete(row, next(outputs)) if isinstance(row, Permit) else row for row in admitted
            ]
        except BaseException as error:
            for permit in permits:
                if not permit.settled:
                    self._settle_failed(permit, error)
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

    def _run(
        self, permits: list[Permit], allowed: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Any]:
        try:
            with self._call.inside(*permits):
                outputs = list(self._call.function(allowed, *args, **kwargs))
            if len(outputs) != len(permits):
                raise RecognizerOutputError(
                    ["the model returned another number of results than it was given inputs"]
                )
        except BaseException as error:
            for permit in permits:
                self._settle_failed(permit, error)
            raise
        return outputs

    def _settle_failed(self, permit: Permit, error: BaseException) -> None:
        try:
            self._call.settlement.fail(permit, error)
        except ConsentDenied:
            # This item's consent ended as well; the batch's own failure is what the caller learns.
            return

    def _complete(self, permit: Permit, output: Any) -> Row:
        """A withdrawal meanwhile discards this subject's item only."""
        try:
            return self._call.complete(permit, output)
        except ConsentDenied as denied:
            return Denied(denied.decision)
