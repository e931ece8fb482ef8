"""The domain's codes in people's words. The codes are contracts; the words are for reading."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _l

PURPOSES: Final = {
    "customer_care": _l("Customer care"),
    "dispute_management": _l("Settling disputes"),
    "claims_management": _l("Handling claims"),
    "service_monitoring": _l("Watching over the service"),
    "service_improvement": _l("Improving the service"),
    "model_training": _l("Training models"),
    "third_party_sharing": _l("Sharing with others"),
    "academic_research": _l("Research"),
    "personalisation": _l("Personalisation"),
    "recommendation": _l("Recommendations"),
    "marketing": _l("Marketing"),
    "advertising": _l("Advertising"),
    "pricing": _l("Pricing"),
    "personnel_monitoring": _l("Monitoring of staff"),
}
MODALITIES: Final = {
    "text": _l("What you write"),
    "voice": _l("Your voice"),
    "face": _l("Your face"),
}
LEVELS: Final = {
    "calm": _l("calm"),
    "irritable": _l("rather annoyed"),
    "angry": _l("very annoyed"),
    "abstain": _l("no guess"),
}
REASONS: Final = {
    "allowed": _l("On: you agreed."),
    "no_consent": _l("Off: you have not agreed."),
    "refused": _l("Off: you said no."),
    "withdrawn": _l("Off: you stopped it."),
    "expired": _l("Off: your agreement ran out."),
    "notice_superseded": _l("Off: the notice changed; you would have to agree anew."),
    "notice_not_given": _l("Off: you were never told about it."),
    "purpose_unknown": _l("Off: this is not offered."),
    "modality_unsupported": _l("Off: this is not offered."),
    "scope_not_covered": _l("Off: you agreed to something else only."),
    "restricted": _l("Off: your data is restricted."),
    "opted_out": _l("Off: you stopped all analysis."),
    "guardian_required": _l("Off: a parent or guardian would have to agree."),
    "prohibited": _l("Off: this is forbidden, whoever agrees."),
    "vulnerable_subject": _l("Off: this is never done to people who need special care."),
    "recognizer_unknown": _l("Off: the program is not registered."),
    "recognizer_not_approved": _l("Off: nobody has approved the program."),
    "recognizer_suspended": _l("Off: the program is suspended."),
    "unavailable": _l("Off: we could not make sure that you agree."),
    "clock_untrusted": _l("Off: our clock was in doubt."),
    "erased": _l("Off: your data was deleted."),
}
EVENTS: Final = {
    "shown": _l("You were shown the notice"),
    "grant": _l("You agreed"),
    "refuse": _l("You said no"),
    "withdraw": _l("You stopped it"),
    "opt_out": _l("You stopped all analysis"),
    "opt_in": _l("You lifted the general stop"),
    "restrict": _l("Your data was restricted"),
    "lift": _l("The restriction was lifted"),
    "declare": _l("Your age group was stated"),
    "erase": _l("Your data was deleted"),
    "keep": _l("You chose how long guesses are kept"),
    "expire": _l("Your agreement ran out"),
    "supersede": _l("The notice changed, so your agreement ended"),
}
ROLES: Final = {
    "subject": _l("you"),
    "agent": _l("customer service"),
    "analyst": _l("analysis"),
    "dpo": _l("data protection officer"),
    "auditor": _l("auditor"),
    "admin": _l("administrator"),
    "service": _l("a program"),
}
#: Who stated a value: a recognizer guessed it, or a person said so.
PROVENANCES: Final = {
    "recognizer": _l("a program"),
    "subject": _l("the customer"),
    "dpo": _l("data protection officer"),
}
#: The same to the person themselves.
SAYERS: Final = {**ROLES, "recognizer": _l("a program")}
SCORE_KINDS: Final = {
    "probability": _l("a probability"),
    "softmax_uncalibrated": _l("a share that adds up to one; not a probability"),
    "proportion": _l("a proportion"),
    "count": _l("a count"),
    "rule": _l("set by a fixed rule"),
    "ordinal": _l("a rank: more or less, not how much"),
}
EXPORT_SETS: Final = {
    "records": _l("What was guessed, with corrections"),
    "consents": _l("Your decisions"),
    "receipts": _l("Your receipts, signed"),
    "looks": _l("Who looked"),
    "notices": _l("The notices that you were shown"),
    "cards": _l("How each program works"),
    "requests": _l("Your requests"),
}
RECOGNIZER_STATUSES: Final = {
    "registered": _l("Not approved yet"),
    "approved": _l("Approved"),
    "suspended": _l("Suspended"),
}
QUALITIES: Final = {
    "demo": _l("Measured, and not good enough to act on alone. Please make sure for yourself."),
    "unknown": _l("Nobody has measured how good this program is. Please make sure for yourself."),
}
LOOKS: Final = {
    "vault:read": _l("read"),
    "vault:deny": _l("tried to read and was refused"),
    "access:deny": _l("tried something and was refused"),
    "vault:correct": _l("corrected"),
    "vault:contest": _l("disputed"),
    "vault:delete": _l("deleted"),
    "case:open": _l("opened a case"),
    "case:close": _l("closed a case"),
    "case:break_glass": _l("emergency access"),
    "export:make": _l("had a copy made"),
    "export:read": _l("took a copy"),
    "export:discard": _l("dropped a copy"),
}


def word(table: dict[str, object], code: object) -> str:
    """*code* in words; a code that operators added themselves is shown as they named it."""
    value = str(getattr(code, "value", code))
    return str(table.get(value) or value.replace("_", " "))
