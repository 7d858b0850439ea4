import errno
import hashlib
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from obstore.store import LocalStore, MemoryStore

from homeward.domain.ids import new_token
from homeward.errors import NotFound, StorageFull
from homeward.storage.photos.bucket import BucketPhotoStorage
from homeward.storage.photos.folder import FolderPhotoStorage
from homeward.testing import InMemoryPhotoStorage
from tests.fakes.store import KEY, s3_server

DATA = b"picture"
HASH = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def s3():
    with s3_server() as url:
        yield url


@pytest.fixture(params=["folder", "memory", "bucket in memory", "bucket on disk", "bucket on S3"])
def photos(request, tmp_path):
    if request.param == "folder":
        return FolderPhotoStorage(tmp_path)
    if request.param == "memory":
        return InMemoryPhotoStorage()
    if request.param == "bucket in memory":
        return BucketPhotoStorage(MemoryStore(), "memory")
    if request.param == "bucket on disk":
        return BucketPhotoStorage(LocalStore(tmp_path), "disk")
    url = request.getfixturevalue("s3")
    return BucketPhotoStorage.open(f"s3://photos/{new_token()}", endpoint=url, key=KEY)


def test_what_is_put_is_got_back_and_twice_is_harmless(photos):
    assert not photos.has(HASH)
    photos.put(HASH, DATA)
    photos.put(HASH, DATA)

    assert photos.has(HASH)
    assert photos.get(HASH) == DATA
    assert [found for found, _ in photos.hashes()] == [HASH]


def test_what_was_cut_off_is_whole_again_once_it_is_put_again(photos):
    photos.put(HASH, DATA[:3])  # as a failing disk leaves it

    photos.put(HASH, DATA)

    assert photos.get(HASH) == DATA


def test_a_file_tells_when_it_was_written_last(photos):
    photos.put(HASH, DATA)

    ((_, written_at),) = photos.hashes()

    assert abs((written_at - datetime.now(UTC)).total_seconds()) < 60


def test_what_is_removed_is_gone_and_twice_is_harmless(photos):
    photos.put(HASH, DATA)
    photos.remove(HASH)
    photos.remove(HASH)

    assert not photos.has(HASH)
    with pytest.raises(NotFound):
        photos.get(HASH)


def test_an_address_gives_the_bytes_to_whoever_has_it_and_only_a_store_has_one(photos):
    photos.put(HASH, DATA)

    address = photos.link(HASH, 60)

    if address is None:
        assert "s3" not in str(getattr(photos, "where", ""))
    else:
        assert httpx2.get(address).content == DATA
        assert "X-Amz-Expires=60&" in address


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


def test_folders_that_another_process_made_are_on_the_disk_too_before_a_photo_counts_as_kept(tmp_path, monkeypatch):
    place = tmp_path / HASH[:2] / HASH[2:4]
    place.mkdir(parents=True)  # and whoever made it was killed before it was synced
    photos, synced = FolderPhotoStorage(tmp_path), []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(Path(f"/proc/self/fd/{handle}").readlink()))

    photos.put(HASH, DATA)

    assert {tmp_path.parent, tmp_path, tmp_path / HASH[:2], place} < set(synced)

    synced.clear()
    photos.put(HASH[:4] + "0" * 60, DATA)

    assert len(synced) == 2  # the file, and the folder that names it
