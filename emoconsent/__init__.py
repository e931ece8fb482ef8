"""Consent for software that reads emotions: no recognition call without it, and proof of it all.

>>> from emoconsent import EmoConsent, ConsentDenied
>>> sdk = EmoConsent.sandbox()
>>> from emoconsent.recognizers.demo.text_lexicon import recognize_text
>>> guarded = sdk.guard(recognize_text, recognizer="text-lexicon", purpose="customer_care")
>>> try:
...     guarded("It broke again, I am furious!", subject="customer-42")
... except ConsentDenied as denied:
...     print(denied.reason.value)
no_consent
>>> receipt = sdk.consent.grant("customer-42", notice="shop-care@1", scope=[("customer_care", "text")],
...                             channel="chat", language="en")
>>> print(guarded("It broke again, I am furious!", subject="customer-42").record.level)
angry
>>> sdk.consent.withdraw("customer-42").drained
True
>>> sdk.close()
"""

from emoconsent.access.principal import Principal
from emoconsent.errors import AccessDenied, ConsentDenied
from emoconsent.policy.context import CallContext
from emoconsent.sdk import EmoConsent

__all__ = ["AccessDenied", "CallContext", "ConsentDenied", "EmoConsent", "Principal"]
