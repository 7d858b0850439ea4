import hashlib
import http.server
import io
import re
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from PIL import Image

from homeward.images.shape import Shape
from homeward.watcher import stills
from homeward.watcher.capture import CameraUnreadable
from homeward.watcher.status import State
from homeward.watcher.stills import NoPicture, Stills
from homeward.watcher.stream import BROKEN_STILLS, Stream

from .scenes import SIZE, with_animal, yard
from .streams import served
from .test_stream import Running, until


def jpeg(picture, kind="JPEG"):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind)
    return file.getvalue()


class Camera(http.server.BaseHTTPRequestHandler):
    """Gives one picture for each call, the next of ``pictures`` while there are more, then the last one again."""

    pictures = ()
    says_length = says_etag = True
    digest_of = None
    calls = ()

    def do_GET(self):
        type(self).calls = (*self.calls, dict(self.headers))
        if self.digest_of and not self._is_proven():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Digest realm="cam", nonce="abc", qop="auth", algorithm=MD5')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = self.pictures[min(len(self.calls), len(self.pictures)) - 1]
        etag = hashlib.sha256(data).hexdigest()
        if self.says_etag and self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        if self.says_etag:
            self.send_header("ETag", etag)
        if self.says_length:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _is_proven(self):
        """RFC 7616, with MD5 as cameras have it."""
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', self.headers.get("Authorization", "")))

        def md5(*parts):
            return hashlib.md5(":".join(parts).encode()).hexdigest()

        if "response" not in given:
            return False
        user, password = self.digest_of
        a1, a2 = md5(user, "cam", password), md5("GET", given["uri"])
        return given["response"] == md5(a1, given["nonce"], given["nc"], given["cnonce"], given["qop"], a2)

    def log_message(self, *_):
        pass


def camera(**parts):
    return type("Camera", (Camera,), {"calls": (), **parts})


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(stills, "PAUSE_S", 0.05)
    monkeypatch.setattr(stills, "LONGEST_PAUSE_S", 0.2)


@pytest.mark.parametrize(("address", "says_length"), [("snap.jpg", True), ("cgi-bin/snapshot.cgi?channel=1", False)])
def test_an_address_that_gives_one_picture_is_asked_again_and_again(address, says_length):
    walk = [yard(n) if n < 5 else with_animal(yard(n), 20 + 8 * n) for n in range(40)]
    shown = camera(pictures=list(map(jpeg, walk)), says_length=says_length)  # it stands still at the end

    with served(shown) as port, Running(f"http://127.0.0.1:{port}/{address}", fps=20.0) as running:
        until(lambda: running.sights)

        assert running.status.state is State.LIVE
        assert running.status.connections == 1
    assert running.sights[0].crop.picture.shape[0] > 60


def test_a_picture_that_is_still_the_same_is_looked_at_once_and_asked_for_more_seldom():
    for says_etag in (True, False):
        shown = camera(pictures=[jpeg(yard(1))], says_etag=says_etag)
        with served(shown) as port, Stills(f"http://127.0.0.1:{port}/1.jpg", 5.0, Shape()) as source:
            first, pauses = source.next(), [source.pause_s]
            for _ in range(6):
                assert source.next() is None
                pauses.append(source.pause_s)

        assert first.shape == (*SIZE, 3)
        assert pauses == sorted(pauses)
        assert pauses[0] < pauses[-1] == stills.LONGEST_PAUSE_S
        assert all(("If-None-Match" in call) is says_etag for call in shown.calls[1:])


def test_whoever_waits_for_a_new_picture_goes_at_once_when_the_camera_is_wanted_no_more(monkeypatch):
    monkeypatch.setattr(stills, "PAUSE_S", 60.0)
    with served(camera(pictures=[jpeg(yard(1))])) as port, Running(f"http://127.0.0.1:{port}/1.jpg") as running:
        until(lambda: running.status.frames)
        running.loop.is_paused = True
        until(lambda: running.status.state is State.PAUSED, seconds=30)


def test_user_and_password_are_proven_where_the_camera_asks_and_never_told_in_clear():
    shown = camera(pictures=[jpeg(yard(n)) for n in range(9)], digest_of=("anna", "p/ss"))
    with served(shown) as port:
        with Stills(f"http://anna:p%2Fss@127.0.0.1:{port}/1.jpg", 5.0, Shape()) as source:
            assert source.next() is not None
            assert source.next() is not None
        with (
            Stills(f"http://anna:wrong@127.0.0.1:{port}/1.jpg", 5.0, Shape()) as source,
            pytest.raises(CameraUnreadable, match="401") as told,
        ):
            source.next()

    assert told.value.is_hopeless
    assert "password" in told.value.hint
    assert "wrong" not in told.value.message
    assert not any(call.get("Authorization", "").startswith("Basic") for call in shown.calls)
    assert "Authorization" not in shown.calls[0]


def test_what_is_no_picture_is_passed_over_and_said_where_nothing_else_comes():
    with served(camera(pictures=[jpeg(yard(1)), b"\xff\xd8 cut", jpeg(yard(2))])) as port:
        source = Stills(f"http://127.0.0.1:{port}/1.jpg", 5.0, Shape())
        assert source.next() is not None
        with pytest.raises(NoPicture):
            source.next()
        assert source.next() is not None
    broken = [b"\xff\xd8" + bytes([n]) for n in range(2 * BROKEN_STILLS)]
    with served(camera(pictures=[jpeg(yard(1)), jpeg(yard(2)), *broken])) as port:
        frames = Stream(f"http://127.0.0.1:{port}/1.jpg", per_second=50.0).frames()
        with pytest.raises(CameraUnreadable, match="nothing that can be decoded"):
            list(frames)


def test_more_than_a_picture_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(stills, "MOST_BYTES", 1_000)
    with (
        served(camera(pictures=[jpeg(yard(1))])) as port,
        Stills(f"http://127.0.0.1:{port}/1.jpg", 5.0, Shape()) as source,
        pytest.raises(CameraUnreadable, match="more than a picture"),
    ):
        source.next()


def test_a_camera_that_signed_its_certificate_itself_is_read(tmp_path):
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cam")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    now = datetime.now(UTC)
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "own.pem").write_bytes(
        key.private_bytes(*form) + made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    )
    secret = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secret.load_cert_chain(tmp_path / "own.pem")

    shown = camera(pictures=[jpeg(yard(1))])
    with served(shown, secret) as port, Stills(f"https://127.0.0.1:{port}/1.jpg", 5.0, Shape()) as source:
        assert source.next() is not None
