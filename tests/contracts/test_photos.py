import errno
import hashlib
import os
import time

import pytest

from homeward.errors import NotFound, StorageFull
from homeward.storage.photos.folder import FolderPhotoStorage
from homeward.testing import InMemoryPhotoStorage

DATA = b"picture"
HASH = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(params=["folder", "memory"])
def photos(request, tmp_path):
    return FolderPhotoStorage(tmp_path) if request.param == "folder" else InMemoryPhotoStorage()


def test_what_is_put_is_got_back_and_twice_is_harmless(photos):
    photos.put(HASH, DATA)
    photos.put(HASH, DATA)

    assert photos.get(HASH) == DATA
    assert [found for found, _ in photos.hashes()] == [HASH]


def test_what_is_removed_is_gone_and_twice_is_harmless(photos):
    photos.put(HASH, DATA)
    photos.remove(HASH)
    photos.remove(HASH)

    with pytest.raises(NotFound):
        photos.get(HASH)


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "", "A" * 64, "0" * 63, "0" * 64 + "/"])
def test_a_name_that_is_no_hash_is_refused(photos, name):
    with pytest.raises(NotFound):
        photos.put(name, DATA)
    with pytest.raises(NotFound):
        photos.get(name)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    photos = FolderPhotoStorage(tmp_path)

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull):
        photos.put(HASH, DATA)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_an_interrupted_write_left_is_no_picture_and_is_removed_when_old(tmp_path):
    folder = tmp_path / HASH[:2] / HASH[2:4]
    folder.mkdir(parents=True)
    stray = folder / f"{HASH}.jpg.0.part"
    stray.write_bytes(b"half")
    assert list(FolderPhotoStorage(tmp_path).hashes()) == []
    assert stray.exists()

    old = time.time() - 7200
    os.utime(stray, (old, old))
    FolderPhotoStorage(tmp_path)

    assert not stray.exists()
