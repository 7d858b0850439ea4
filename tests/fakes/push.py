"""A browser's push service over HTTPS, and browsers that open what it carries to them (RFC 8030, 8188, 8291, 8292).

``with PushService() as service:`` serves on ``service.host``; ``service.trust`` trusts its certificate.
``service.browser()`` is a browser with keys of its own: its ``subscription`` is what a page would send,
``browser.read()`` decrypts what came. ``browser.status`` is what the service answers for it from then on.
"""

import base64
import datetime as dt
import itertools
import json
import ssl
import threading
import time

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from starlette.applications import Starlette
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key):
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


class PushService:
    def __init__(self, folder):
        self.browsers, self._numbers = {}, itertools.count(1)
        self.arrived = threading.Condition()
        certificate, key = self._certificate(folder)
        self.trust = ssl.create_default_context(cafile=certificate)
        app = Starlette(routes=[Route("/push/{number:int}", self._take, methods=["POST"])])
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off",
                                ssl_certfile=certificate, ssl_keyfile=key)  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self):
        self._thread.start()
        deadline = time.monotonic() + 30
        while not self._server.started:
            assert time.monotonic() < deadline
            threading.Event().wait(0.01)
        self.host = f"localhost:{self._server.servers[0].sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_):
        self._server.should_exit = True
        self._thread.join(30)

    def browser(self):
        number = next(self._numbers)
        self.browsers[number] = Browser(f"https://{self.host}/push/{number}")
        return self.browsers[number]

    async def _take(self, request):
        browser = self.browsers[request.path_params["number"]]
        body = await request.body()
        if browser.status == 307:
            return RedirectResponse(browser.redirects_to, 307)
        if browser.status < 300:
            browser.take(dict(request.headers), body)
        return Response(status_code=browser.status)

    def _certificate(self, folder):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        now = dt.datetime.now(dt.UTC)
        day = dt.timedelta(days=1)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        certificate, private = folder / "push.crt", folder / "push.key"
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return str(certificate), str(private)


class Browser:
    def __init__(self, endpoint):
        self.endpoint, self.status, self.redirects_to = endpoint, 201, ""
        self.raw, self.headers = [], []
        self._key, self._auth = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"

    @property
    def subscription(self):
        keys = {"p256dh": b64(point(self._key.public_key())), "auth": b64(self._auth)}
        return {"endpoint": self.endpoint, "keys": keys}

    def take(self, headers, body):
        self.raw.append(body)
        self.headers.append(headers)

    def read(self):
        """All that came, decrypted."""
        return [json.loads(self._opened(body)) for body in self.raw]

    def _opened(self, body):
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(sealed) <= size
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        info = b"WebPush: info\0" + point(self._key.public_key()) + theirs
        ikm = HKDF(hashes.SHA256(), 32, self._auth, info).derive(self._key.exchange(ec.ECDH(), sender))
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(ikm)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(ikm)
        padded = AESGCM(key).decrypt(nonce, sealed, None)
        return padded.rstrip(b"\0").removesuffix(b"\x02")


def claims(header, key):
    """What the signature of a request says, once it is checked with the key that browsers subscribed with."""
    scheme, _, rest = header.partition(" ")
    assert scheme == "vapid"
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert given["k"] == key
    signed, _, signature = given["t"].rpartition(".")
    numbers = unb64(signature)
    der = encode_dss_signature(int.from_bytes(numbers[:32], "big"), int.from_bytes(numbers[32:], "big"))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(key))
    public.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    return json.loads(unb64(signed.split(".")[1]))
