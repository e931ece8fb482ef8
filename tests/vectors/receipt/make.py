"""Writes this folder's signed files: ``python tests/vectors/receipt/make.py``. Keys for tests only."""

import base64
import json
from pathlib import Path

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from emoconsent.consent.jws import public_jwk

HERE = Path(__file__).parent
TYPE = "emoconsent-receipt+jws"
OURS = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
THEIRS = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
JWK, FOREIGN = public_jwk(OURS.public_key()), public_jwk(THEIRS.public_key())
DOCUMENT = {
    "@type": "dpv:ConsentReceipt",
    "dct:identifier": "7d9f2b3e-8a51-4a8e-9a70-2f1f5f0f6a11",
    "emo:sandbox": True,
    "dct:title": "测试",
}
PAYLOAD = rfc8785.dumps(DOCUMENT)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(payload=PAYLOAD, key=OURS, raw_header=None, **header):
    fields = {"alg": "Ed25519", "kid": JWK["kid"], "typ": TYPE, **header}
    first = raw_header or rfc8785.dumps({k: v for k, v in fields.items() if v is not None})
    signed = f"{b64(first)}.{b64(payload)}"
    return f"{signed}.{b64(key.sign(signed.encode()))}"


def hmac_token():
    import hmac

    header = rfc8785.dumps({"alg": "HS256", "kid": JWK["kid"], "typ": TYPE})
    signed = f"{b64(header)}.{b64(PAYLOAD)}"
    secret = OURS.public_key().public_bytes_raw()
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def replaced(index, part):
    parts = token().split(".")
    parts[index] = part
    return ".".join(parts)


def file(document, jws=None, extra=""):
    return f'{{"receipt": {document}, "jws": "{jws or token()}"{extra}}}'


def stray_bits():
    first, second, last = token().split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return f"{first}.{second}.{last[:-1]}{alphabet[alphabet.index(last[-1]) + 1]}"


def high_s():
    first, second, last = token().split(".")
    raw = base64.urlsafe_b64decode(last + "==")
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(raw[32:], "little") + order
    return f"{first}.{second}.{b64(raw[:32] + s.to_bytes(32, 'little'))}"


ORDER_LOST = json.dumps(
    dict(reversed(json.loads(PAYLOAD).items())), separators=(",", ":"), ensure_ascii=False
).encode()
TEXT = PAYLOAD.decode()
TAMPERED = rfc8785.dumps({**DOCUMENT, "emo:sandbox": False})
VECTORS = {
    "compact": ("as signed", token(), False),
    "file": ("the file to keep", file(TEXT), False),
    "file-other-order": ("the readable part in another order of keys", file(ORDER_LOST.decode()), False),
    "alg-none": (
        "alg none, no signature",
        replaced(2, "").replace(token().split(".")[0], b64(b'{"alg":"none"}')),
        True,
    ),
    "alg-none-signed": ("alg none in an otherwise good header", token(alg="none"), True),
    "alg-hs256-public-key": ("HMAC keyed with the public key", hmac_token(), True),
    "alg-eddsa": ("the deprecated name of the algorithm", token(alg="EdDSA"), True),
    "alg-lower-case": ("ed25519 is not Ed25519", token(alg="ed25519"), True),
    "alg-absent": ("no alg at all", token(alg=None), True),
    "kid-absent": ("no kid", token(kid=None), True),
    "kid-unknown": ("signed by a key that is not published", token(key=THEIRS, kid=FOREIGN["kid"]), True),
    "kid-ours-signed-by-another": ("our kid over another key's signature", token(key=THEIRS), True),
    "kid-is-a-list": ("kid of another JSON type", token(kid=[JWK["kid"]]), True),
    "header-brings-its-jwk": ("an embedded key", token(key=THEIRS, kid=FOREIGN["kid"], jwk=FOREIGN), True),
    "header-jku": ("a pointer to a key set", token(jku="https://evil.example/jwks"), True),
    "header-crit": ("a critical extension", token(crit=["b64"], b64=False), True),
    "header-not-canonical": (
        "a space in the header",
        token(raw_header=f'{{"alg": "Ed25519","kid":"{JWK["kid"]}","typ":"{TYPE}"}}'.encode()),
        True,
    ),
    "header-duplicate-alg": (
        "alg twice, the last one good",
        token(raw_header=f'{{"alg":"none","alg":"Ed25519","kid":"{JWK["kid"]}","typ":"{TYPE}"}}'.encode()),
        True,
    ),
    "header-is-a-list": ("no object", token(raw_header=b"[]"), True),
    "header-huge": ("a header of 4 KB", token(x="a" * 4096), True),
    "typ-of-a-certificate": ("signed by us for another use", token(typ="emoconsent-certificate+jws"), True),
    "typ-absent": ("no type", token(typ=None), True),
    "payload-tampered": ("sandbox turned off after signing", replaced(1, b64(TAMPERED)), True),
    "payload-not-canonical": ("keys in another order, signed", token(payload=ORDER_LOST), True),
    "payload-spaced": ("a space, signed", token(payload=PAYLOAD.replace(b":", b": ", 1)), True),
    "payload-duplicate-key": ("a key twice, signed", token(payload=b'{"a":1,"a":1}'), True),
    "payload-escaped": ("an escape that is not needed, signed", token(payload=b'{"a":"\\u0062"}'), True),
    "payload-nan": ("NaN, signed", token(payload=b'{"a":NaN}'), True),
    "payload-list": ("a list, signed", token(payload=b"[1]"), True),
    "payload-no-utf8": ("bytes that are no text, signed", token(payload=b'{"a":"\xff"}'), True),
    "payload-bom": ("a byte order mark, signed", token(payload=b"\xef\xbb\xbf" + PAYLOAD), True),
    "payload-deep": ("5,000 levels, signed", token(payload=b'{"a":' + b"[" * 5_000), True),
    "signature-absent": ("an empty signature", replaced(2, ""), True),
    "signature-short": ("one byte cut off", replaced(2, token().split(".")[2][:-2]), True),
    "signature-stray-bits": ("other base64url for the same bytes", stray_bits(), True),
    "signature-high-s": ("S plus the group's order", high_s(), True),
    "signature-padded": ("base64 padding", token() + "==", True),
    "two-parts": ("no signature part", token().rsplit(".", 1)[0], True),
    "four-parts": ("a part too many", token() + ".AA", True),
    "newline-after": ("a newline after the token", token() + "\n", True),
    "empty": ("nothing", "", True),
    "file-readable-differs": ("the readable part was edited", file(TAMPERED.decode()), True),
    "file-true-is-one": ("true became 1, which Python calls equal", file(TEXT.replace("true", "1")), True),
    "file-duplicate-key": (
        "a readable key twice, the last one good",
        file('{"emo:sandbox":false,' + TEXT[1:]),
        True,
    ),
    "file-duplicate-receipt": (
        "two readable parts",
        file(TAMPERED.decode(), extra=f', "receipt": {TEXT}'),
        True,
    ),
    "file-extra": ("something beside it", file(TEXT, extra=', "note": "verified"'), True),
    "file-without-jws": ("nothing signed", f'{{"receipt": {TEXT}}}', True),
    "file-jws-null": ("nothing signed either", f'{{"receipt": {TEXT}, "jws": null}}', True),
    "file-deep": ("5,000 levels", '{"receipt": ' + "[" * 5_000, True),
}

if __name__ == "__main__":
    for name, (desc, text, wrong) in VECTORS.items():
        vector = {"desc": desc, "text": text, "jwks": {"keys": [JWK]}, "wantErr": wrong}
        (HERE / f"{'attack' if wrong else 'good'}-{name}.json").write_text(
            json.dumps(vector, ensure_ascii=False, indent=1) + "\n", "utf-8"
        )
