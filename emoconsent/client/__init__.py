"""The REST API of a portal, for programs in Python that do not have the store.

>>> from emoconsent.client import Client
>>> client = Client("https://consent.shop.example", "emo_a-key-of-the-portal")
>>> client
Client('https://consent.shop.example')
>>> client.close()

Needs the extra ``client``; without it the import raises ``MissingExtra``.
"""

from emoconsent.errors import MissingExtra

try:
    from emoconsent.client.client import Client
except ModuleNotFoundError as error:
    if error.name != "httpx":
        raise
    raise MissingExtra("client", "the API's client") from None
from emoconsent.client.decisions import Permit
from emoconsent.client.results import (
    Case,
    Category,
    Certificate,
    Checkpoint,
    Entry,
    Event,
    Fulfilled,
    Hint,
    Notice,
    PanelToken,
    Proof,
    Receipt,
    Recognizer,
    Record,
    Request,
    Standing,
    Step,
)
from emoconsent.client.withdrawal import Withdrawal

__all__ = [
    "Case",
    "Category",
    "Certificate",
    "Checkpoint",
    "Client",
    "Entry",
    "Event",
    "Fulfilled",
    "Hint",
    "Notice",
    "PanelToken",
    "Permit",
    "Proof",
    "Receipt",
    "Recognizer",
    "Record",
    "Request",
    "Standing",
    "Step",
    "Withdrawal",
]
