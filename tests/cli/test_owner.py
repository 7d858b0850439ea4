"""Commands of root beside a service that has a user of its own."""

import json
import os

import pytest

from homeward.cli.checks import examine
from homeward.cli.common import settings
from homeward.storage.backup import backup
from homeward.storage.lock import DataFolderLock
from homeward.storage.owner import user_of
from homeward.storage.photos.place import Place
from tests.conftest import photo
from tests.disks import NOBODY, wants_users
from tests.models.test_models import CARD, write_network
from tests.world import on_disk

pytestmark = wants_users


@pytest.fixture
def nobodys(tmp_path):
    """A data folder with a report, of a service whose user is nobody."""
    world = on_disk(tmp_path / "data")
    world.file("lost", photo(1), name="Rex")
    world.database.close()
    with DataFolderLock(tmp_path / "data"):
        pass
    give(tmp_path / "data", NOBODY)
    return tmp_path / "data"


def give(folder, user):
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user)


def users(folder):
    return {path.stat().st_uid for path in (folder, *folder.rglob("*"))}


@pytest.mark.parametrize(
    "command",
    [
        ["report", "lost", "{own}", "--species", "cat", "--keep-without-animal"],
        ["export", "{new}.jsonl"],
        ["keys", "create", "--name", "Anna", "--scope", "admin"],
        ["serve", "--port", "0"],
        ["models", "add", "{network}", "--card", "{card}"],
        ["watch", "{own}", "--camera", "yard", "--server", "http://127.0.0.1:9"],
    ],
    ids=lambda command: command[0],
)
def test_root_is_refused_before_anything_is_written(run, nobodys, tmp_path, command):
    (tmp_path / "own.jpg").write_bytes(photo(2))
    (tmp_path / "card.yaml").write_text(json.dumps(CARD))
    paths = {"own": tmp_path / "own.jpg", "new": tmp_path / "new", "card": tmp_path / "card.yaml"}
    network = write_network(tmp_path / "net.onnx")

    told = run(*(part.format(**paths, network=network) for part in command), code=2, HOMEWARD_CAMERA_KEY="x").stderr

    assert f"{nobodys} belongs to nobody, who could not use what root makes there. (data)" in told
    assert "sudo -u 'nobody' homeward ..." in told
    assert users(nobodys) == {NOBODY}


def test_root_may_look_and_save_and_leaves_nothing_behind(run, nobodys, tmp_path):
    run("doctor")
    run("backup", tmp_path / "b.tar")
    assert users(nobodys) == {NOBODY}

    (tmp_path / "new").mkdir()
    give(tmp_path / "new", NOBODY)
    run("restore", tmp_path / "b.tar", "--data", tmp_path / "new", data=False, code=2)
    assert not list((tmp_path / "new").iterdir())


def test_a_backup_makes_no_folder_of_photos_where_none_was_kept(nobodys, tmp_path):
    for path in sorted((nobodys / "photos").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (nobodys / "photos").rmdir()

    assert backup(nobodys, tmp_path / "b.tar", Place(nobodys / "photos")).missing == 1

    assert not (nobodys / "photos").exists()


def test_root_may_speak_to_the_server_that_works_there(tmp_path):
    with DataFolderLock(tmp_path) as serving:
        serving.set_url("http://127.0.0.1:1234")
        give(tmp_path, NOBODY)

        with DataFolderLock(tmp_path).or_server(list) as url:
            assert url == "http://127.0.0.1:1234"


@pytest.mark.parametrize("left", ["operator.key", "photos/ab", "homeward.sqlite-wal"])
def test_the_doctor_names_what_root_left_behind(nobodys, left):
    path = nobodys / left
    path.mkdir(0o700) if left == "photos/ab" else path.touch(0o600)

    (check,) = [each for each in examine(settings(nobodys)) if each.name == "owner"]

    assert check.state == "fail"
    assert check.finding == f"{path} belongs to root and is closed to nobody, who works in the folder"
    assert check.mend == f"chown -R nobody {nobodys}"


@pytest.mark.parametrize(
    ("folder", "lock", "user"), [(0, NOBODY, NOBODY), (1000, NOBODY, NOBODY), (NOBODY, 0, NOBODY), (0, 0, 0)]
)
def test_the_user_of_a_folder_is_seen_where_its_owner_is_another(tmp_path, folder, lock, user):
    (tmp_path / "homeward.lock").touch()
    os.chown(tmp_path / "homeward.lock", lock, lock)
    os.chown(tmp_path, folder, folder)

    assert user_of(tmp_path) == user
