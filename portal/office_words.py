"""What the office reads of requests and recipients: laws, what each state wants, how tasks stand."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _l

REGIMES: Final = {
    "gdpr": _l("GDPR (EU)"),
    "pipl": _l("PIPL (China)"),
    "ccpa": _l("CCPA (California)"),
    "lgpd": _l("LGPD (Brazil)"),
    "dpdp": _l("DPDP (India)"),
}
#: What each state is called in the office.
STATES: Final = {
    "received": _l("Identity not verified"),
    "verifying": _l("Proof of identity awaited"),
    "verified": _l("Can be carried out"),
    "on_hold": _l("On legal hold"),
    "in_progress": _l("Begun, not finished"),
    "awaiting_recipients": _l("Recipients are being told"),
    "completed": _l("Carried out"),
    "partially_completed": _l("Carried out in part"),
    "rejected": _l("Refused"),
    "cancelled": _l("Taken back"),
    "expired": _l("Ended without proof"),
}
#: What each state wants of the officer.
WANTS: Final = {
    "received": _l("Confirm the receipt, then find out whether it is really that person."),
    "verifying": _l("Wait for the proof. The law's time runs on. Without proof it ends after 30 days."),
    "verified": _l("Carry it out, or refuse it for a reason that the law names."),
    "on_hold": _l("It goes on when the legal hold is released or over. Look at whether it is still needed."),
    "in_progress": _l("Carry it out again: repeating it is safe, and finishes it."),
    "awaiting_recipients": _l("Look at the recipients below: those that did not answer wait for you."),
    "completed": _l("Nothing more is to be done."),
    "partially_completed": _l("Tell the person what could not be done, and why."),
    "rejected": _l("Nothing more is to be done, unless the person complains."),
    "cancelled": _l("Nothing more is to be done."),
    "expired": _l("Nothing more is to be done."),
}
CHANNELS: Final = {
    "phone": _l("by phone"),
    "letter": _l("by letter"),
    "e-mail": _l("by e-mail"),
    "in_person": _l("in person"),
}
#: How far a recipient's task is.
TASKS: Final = {
    "waiting": _l("Waits for its next attempt"),
    "leased": _l("Being told now"),
    "sent": _l("Sent, not answered"),
    "accepted": _l("At work on it"),
    "manual": _l("A person has to do it"),
    "dead": _l("Gave no answer: decide"),
    "done": _l("Confirmed"),
    "abandoned": _l("Given up"),
}
ACTIONS: Final = {
    "erasure": _l("delete"),
    "rectification": _l("correct"),
    "restriction": _l("stop using"),
    "objection": _l("stop processing"),
}
PROTOCOLS: Final = {
    "opendsr": _l("OpenDSR"),
    "webhook": _l("signed webhook"),
    "email": _l("e-mail"),
    "manual": _l("a person"),
}
STANDINGS: Final = {"controller": _l("decides for itself"), "processor": _l("works for us")}
