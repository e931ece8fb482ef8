"""Rights requests in people's words: what each right is, in plain language and in the law's."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _l

#: What is asked for.
KINDS: Final = {
    "access": _l("A copy"),
    "portability": _l("A copy to take elsewhere"),
    "rectification": _l("A correction"),
    "erasure": _l("Deletion"),
    "restriction": _l("Pause the use of my data"),
    "objection": _l("No analysis at all"),
    "explanation": _l("An explanation"),
    "complaint": _l("A complaint"),
}
#: What that does, for whoever asks.
MEANINGS: Final = {
    "access": _l("You get everything that is held about you, as one file."),
    "portability": _l("You get what is held about you in a form that other programs can read."),
    "rectification": _l("You say what is right; from then on that counts."),
    "erasure": _l("What is stored about you becomes unreadable to everybody."),
    "restriction": _l("What was guessed stays stored, but nobody uses it, until you say otherwise."),
    "objection": _l("No program guesses how you feel any more. Your service stays the same."),
    "explanation": _l(
        "You are told which programs guessed, from what, for what, and what part the guess had."
    ),
    "complaint": _l("You tell us what went wrong. A person answers."),
}
#: The same right as the law calls it.
LEGAL: Final = {
    "access": _l("The right of access: GDPR art. 15; PIPL art. 45."),
    "portability": _l("The right to data portability: GDPR art. 20; PIPL art. 45."),
    "rectification": _l("The right to rectification: GDPR art. 16; PIPL art. 46."),
    "erasure": _l("The right to erasure: GDPR art. 17; PIPL art. 47."),
    "restriction": _l("The right to restriction of processing: GDPR art. 18; PIPL art. 44."),
    "objection": _l("The right to object: GDPR art. 21; PIPL art. 44."),
    "explanation": _l("The right to an explanation: GDPR art. 13(2)(f) and 22; PIPL art. 24 and 48."),
    "complaint": _l(
        "A complaint to us comes before one to an authority or a court: PIPL art. 50; GDPR art. 77."
    ),
}
STATES: Final = {
    "received": _l("Arrived"),
    "verifying": _l("Waits for you: we asked who you are"),
    "verified": _l("Accepted"),
    "on_hold": _l("Waits: a law keeps the data for now"),
    "in_progress": _l("Being done"),
    "awaiting_recipients": _l("Done here; others are being told"),
    "completed": _l("Done"),
    "partially_completed": _l("Done in part"),
    "rejected": _l("Refused"),
    "cancelled": _l("Taken back"),
    "expired": _l("Ended: nobody proved who asked"),
}
#: How far telling a recipient is.
TELLING: Final = {
    "waiting": _l("is being told"),
    "leased": _l("is being told"),
    "sent": _l("was told; no answer yet"),
    "accepted": _l("is doing it"),
    "manual": _l("a person of our office is seeing to it"),
    "dead": _l("did not answer; the office was told"),
    "done": _l("confirmed it"),
    "abandoned": _l("never confirmed it"),
}
REFUSALS: Final = {
    "identity_not_verified": _l("we could not make sure who asked"),
    "manifestly_unfounded": _l("there is plainly no ground for it"),
    "excessive": _l("it was asked too often"),
    "freedom_of_expression": _l("freedom of expression and information"),
    "legal_obligation": _l("a law demands that we keep it"),
    "public_health": _l("public health"),
    "archiving_research_statistics": _l("archives, research or statistics in the public interest"),
    "legal_claims": _l("it is needed for legal claims"),
    "authority_order": _l("an authority ordered that it be kept"),
    "statutory_retention_not_expired": _l("the time for which a law demands it is not over"),
    "technically_difficult": _l("deleting it is technically hard; it is only stored and kept safe"),
    "complete_transaction": _l("it is needed to finish what you ordered"),
    "security_incident": _l("it is needed for security"),
    "debug": _l("it is needed to find a fault"),
    "free_speech": _l("free speech"),
    "research_with_consent": _l("research that you agreed to"),
    "internal_uses_expected": _l("uses inside that you would expect"),
    "research_anonymised": _l("research, without names"),
    "transfer_lawful": _l("it was handed on lawfully"),
    "exclusive_anonymised_use": _l("only we use it, without names"),
    "legal_retention": _l("a law demands that we keep it"),
    "specified_purpose_ongoing": _l("what it is for is not over"),
}
EXTENSIONS: Final = {
    "complexity": _l("it is a difficult case"),
    "number_of_requests": _l("there are many requests"),
}
#: Where a refusal can be complained about, by the request's law.
REMEDIES: Final = {
    "gdpr": _l("You can complain to the data protection authority (GDPR art. 77) and go to court (art. 79)."),
    "pipl": _l("You can complain to the Cyberspace Administration (PIPL art. 65) and go to court (art. 50)."),
    "ccpa": _l("You can complain to the California Privacy Protection Agency and the Attorney General."),
    "lgpd": _l("You can complain to the Brazilian data protection authority, ANPD (LGPD art. 18)."),
    "dpdp": _l("You can complain to the Data Protection Board of India (DPDP Act, section 13)."),
}
