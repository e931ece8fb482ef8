"""The form that opens a right to look: about whom, why, for how long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField
from wtforms.validators import InputRequired, NumberRange

from emoconsent.errors import InvalidInput, NotFound
from portal.fields import line


def _hours(most: int) -> Any:
    rule = NumberRange(1, most, _l("A whole number from %(min)d to %(max)d."))
    return IntegerField(_l("For how many hours"), [InputRequired(_l("Please fill this in.")), rule])


class CaseForm(FlaskForm):
    """An agent's case."""

    subject = line(_l("The customer's number"), 256, render_kw={"autocomplete": "off"})
    reason = line(_l("Reason, as the customer will read it"), 500)
    hours = _hours(72)


class EmergencyForm(FlaskForm):
    """A broken glass."""

    subject = line(_l("The customer's number"), 256, render_kw={"autocomplete": "off"})
    reason = line(_l("The emergency, as the customer will read it"), 500)
    hours = _hours(8)


def opened(form: Any, open_: Callable[..., Any], principal: Any) -> bool:
    """Whether *open_* took the form; what it did not take is said beside the field."""
    if not form.validate_on_submit():
        return False
    try:
        open_(form.subject.data, principal=principal, reason=form.reason.data, hours=form.hours.data)
    except NotFound:
        form.subject.errors = [_("Nothing is known under this number.")]
        return False
    except InvalidInput as error:
        # The form's own rules leave these: a reason of blanks only, a number longer in bytes than in letters.
        if any(problem.startswith("reason:") for problem in error.problems):
            form.reason.errors = [_("Please fill this in.")]
        else:
            form.subject.errors = [_("This is not a customer's number.")]
        return False
    return True
