"""Sealed: words for one browser encrypted (RFC 8291), and our name under the request (VAPID, RFC 8292)."""

import base64
import json
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

POINT_BYTES, AUTH_BYTES, KEY_BYTES = 65, 16, 32
RECORD_BYTES = 4096
VALID_S = 12 * 3600  # of a signature; push services take at most a day
LAST_RECORD = b"\x02"


def encoded(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decoded(text: str) -> bytes:
    """Back.

    Raises:
        ValueError: it is none.
    """
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def are_keys(p256dh: str, auth: str) -> bool:
    """Whether a browser's keys can be used."""
    try:
        point, secret = decoded(p256dh), decoded(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (ValueError, InvalidKey):
        return False
    return len(point) == POINT_BYTES and len(secret) == AUTH_BYTES


def seal(words: bytes, p256dh: str, auth: str) -> bytes:
    """``words`` (at most 3,993 bytes) for the browser with these keys, as the body of a push request."""
    own, salt = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    theirs, ours = decoded(p256dh), _point(own.public_key())
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
    secret = _derived(decoded(auth), shared, b"WebPush: info\x00" + theirs + ours, KEY_BYTES)
    key = _derived(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derived(salt, secret, b"Content-Encoding: nonce\x00", 12)
    head = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return head + AESGCM(key).encrypt(nonce, words + LAST_RECORD, None)


@dataclass(frozen=True, slots=True)
class Vapid:
    """The server's own key, which browsers bind their subscriptions to. ``subject`` tells services whom to write to."""

    private: ec.EllipticCurvePrivateKey
    subject: str

    @classmethod
    def of(cls, secret: str, subject: str) -> "Vapid":
        """With the secret that `new_secret` made."""
        return cls(ec.derive_private_key(int.from_bytes(decoded(secret), "big"), ec.SECP256R1()), subject)

    @property
    def public(self) -> str:
        """What browsers subscribe with."""
        return encoded(_point(self.private.public_key()))

    def authorization(self, endpoint: str, now_s: float) -> str:
        """The header that tells the service of ``endpoint`` who asks."""
        parts = urlsplit(endpoint)
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(now_s) + VALID_S, "sub": self.subject}
        signed = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
        numbers = decode_dss_signature(self.private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        signature = b"".join(number.to_bytes(KEY_BYTES, "big") for number in numbers)
        return f"vapid t={signed}.{encoded(signature)}, k={self.public}"


def new_secret() -> str:
    """A new server key."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return encoded(number.to_bytes(KEY_BYTES, "big"))


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _json(value: dict[str, object]) -> str:
    return encoded(json.dumps(value, separators=(",", ":")).encode())
