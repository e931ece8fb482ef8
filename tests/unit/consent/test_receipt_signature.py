"""Signed receipts: named attacks as files, and two verifiers that are not ours."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk, jws

from emoconsent.consent.receipt import Receipt, public_jwk, sign_receipt, verify_receipt
from emoconsent.errors import InvalidInput

VECTORS = sorted((Path(__file__).parents[2] / "vectors" / "receipt").glob("[ag]*-*.json"))
KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"\x08" * 32)
JWKS = {"keys": [public_jwk(KEY.public_key())]}
DOCUMENT = {
    "dct:identifier": "7d9f2b3e-8a51-4a8e-9a70-2f1f5f0f6a11",
    "emo:sandbox": False,
    "dct:title": "同意回执",
}
RECEIPT = sign_receipt(DOCUMENT, KEY)


def load(path):
    return json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path):
    """Each named attack is refused with the one opaque sentence; the good files are accepted."""
    vector = load(path)
    if not vector["wantErr"]:
        assert verify_receipt(vector["text"], vector["jwks"])["emo:sandbox"] is True
        return
    with pytest.raises(InvalidInput) as caught:
        verify_receipt(vector["text"], vector["jwks"])
    assert caught.value.problems == ("the signed document could not be verified",)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_vectors_are_there():
    """The folder holds at least forty attacks and three good files, each named for what it says."""
    kinds = [load(path)["wantErr"] for path in VECTORS]
    assert kinds.count(True) >= 40
    assert kinds.count(False) == 3
    assert all(path.name.startswith("attack-") is load(path)["wantErr"] for path in VECTORS)


def test_raw_ed25519_verifies_without_any_jose_library():
    """The signature is plain Ed25519 over ``header.payload``, as RFC 8037 section 3.1 says."""
    signed, _, signature = RECEIPT.jws.rpartition(".")
    raw = base64.urlsafe_b64decode(JWKS["keys"][0]["x"] + "=")
    Ed25519PublicKey.from_public_bytes(raw).verify(
        base64.urlsafe_b64decode(signature + "=="), signed.encode()
    )
    header, payload = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
    assert header == {"alg": "Ed25519", "kid": JWKS["keys"][0]["kid"], "typ": "emoconsent-receipt+jws"}
    assert payload == DOCUMENT


def test_jose_library_verifies_with_the_published_set():
    """joserfc finds the key by its kid in the key set and reads the same document."""
    token = jws.deserialize_compact(RECEIPT.jws, jwk.KeySet.import_key_set(JWKS), algorithms=["Ed25519"])
    assert json.loads(token.payload) == DOCUMENT


def test_kid_is_the_rfc_8037_thumbprint():
    """RFC 8037 appendix A.3 gives the thumbprint of its example key."""
    x = base64.urlsafe_b64decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    assert (
        public_jwk(Ed25519PublicKey.from_public_bytes(x))["kid"]
        == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    )


def test_published_key_holds_no_secret():
    """What is published has no private part."""
    assert "d" not in JWKS["keys"][0]


def test_file_and_token_hold_the_same():
    """The file to keep verifies like the token in it, and stays readable in Chinese."""
    assert verify_receipt(RECEIPT.to_json(), JWKS) == verify_receipt(RECEIPT.jws, JWKS) == DOCUMENT
    assert "同意回执" in RECEIPT.to_json()
    assert Receipt(RECEIPT.id, DOCUMENT, RECEIPT.jws) == RECEIPT


def test_old_key_in_the_set_still_verifies():
    """After a key change the set holds both; either receipt verifies, and neither with the other alone."""
    newer = sign_receipt(DOCUMENT, OTHER)
    both = {"keys": [public_jwk(OTHER.public_key()), {"kty": "oct", "k": "AAAA"}, *JWKS["keys"]]}
    assert verify_receipt(newer.jws, both) == verify_receipt(RECEIPT.jws, both)
    with pytest.raises(InvalidInput):
        verify_receipt(newer.jws, JWKS)


def test_key_that_lies_about_its_kid_is_not_believed():
    """A key set entry with our kid but another key does not verify the other key's signature."""
    liar = {**public_jwk(OTHER.public_key()), "kid": JWKS["keys"][0]["kid"]}
    for token in (RECEIPT.jws, sign_receipt(DOCUMENT, OTHER).jws.replace("x", "y")):
        with pytest.raises(InvalidInput):
            verify_receipt(token, {"keys": [liar]})


@pytest.mark.parametrize(
    "jwks", [{}, {"keys": []}, {"keys": None}, {"keys": [None]}, {"keys": [{}]}, None, []]
)
def test_no_keys_verify_nothing(jwks):
    """An empty, absent or malformed key set refuses everything (empty means no)."""
    with pytest.raises(InvalidInput):
        verify_receipt(RECEIPT.jws, jwks)


@pytest.mark.parametrize("text", [None, b"x", 7, [], RECEIPT.jws.encode()])
def test_no_text_is_refused(text):
    """Something that is no text gets the same sentence."""
    with pytest.raises(InvalidInput):
        verify_receipt(text, JWKS)


@pytest.mark.parametrize(
    "text", ["a." * 2 + "x" * (1 << 20), '{"receipt": "' + "x" * (1 << 22) + '", "jws": ""}']
)
def test_oversized_text_is_refused(text):
    """A token over 1 MiB and a file over 4 MiB are refused before they are parsed."""
    with pytest.raises(InvalidInput):
        verify_receipt(text, JWKS)


@given(st.integers(0, len(RECEIPT.jws) - 1), st.characters(codec="utf-8"))
def test_any_changed_character_is_refused(place, character):
    """Whatever single character of the token is replaced by another one, it does not verify."""
    changed = RECEIPT.jws[:place] + character + RECEIPT.jws[place + 1 :]
    if changed == RECEIPT.jws:
        return
    with pytest.raises(InvalidInput):
        verify_receipt(changed, JWKS)


@given(st.text() | st.text().map(lambda text: "{" + text))
def test_any_text_is_refused(text):
    """Text that nobody signed only ever gives the one exception."""
    with pytest.raises(InvalidInput):
        verify_receipt(text, JWKS)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), values))
def test_any_document_survives(document):
    """Every JSON document that has a canonical form comes back as signed, from token and file."""
    receipt = sign_receipt({**document, "dct:identifier": "x"}, KEY)
    assert verify_receipt(receipt.jws, JWKS) == {**document, "dct:identifier": "x"}
    assert verify_receipt(receipt.to_json(), JWKS) == verify_receipt(receipt.jws, JWKS)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", 2**60, {1: 2}, {1, 2}, b"x"])
def test_what_has_no_canonical_form_is_not_signed(value):
    """NaN, lone surrogates, integers past 2^53 and foreign types are refused before signing."""
    with pytest.raises(InvalidInput):
        sign_receipt({"dct:identifier": "x", "value": value}, KEY)


def test_document_without_identifier_is_not_signed():
    """A receipt has an id."""
    with pytest.raises(InvalidInput):
        sign_receipt({"dct:title": "x"}, KEY)


def test_error_names_nothing_of_the_receipt():
    """A tampered receipt's content does not show in the exception or its context."""
    token = sign_receipt({"dct:identifier": "alice"}, OTHER).jws
    with pytest.raises(InvalidInput) as caught:
        verify_receipt(token, JWKS)
    assert "alice" not in repr(caught.value)
