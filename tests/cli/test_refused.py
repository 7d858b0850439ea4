"""What the machine refuses is said as that, and no backup is blamed."""

import json
import os
import shlex
import shutil
import socket
import subprocess
import tarfile
import tempfile
from contextlib import ExitStack, closing
from importlib import import_module
from pathlib import Path

import pytest

from homeward.app import has_data
from homeward.cli.checks import examine
from homeward.cli.common import settings
from homeward.client import Client
from homeward.errors import Forbidden
from homeward.storage.backup import backup, restore
from homeward.storage.lock import DataFolderLock
from homeward.storage.photos.place import Place
from tests.cli.conftest import RUN
from tests.conftest import photo
from tests.disks import on_a_disk, read_only, somebody, wants_mounts, wants_users
from tests.ports import free_port
from tests.world import on_disk

PAGE = 4096  # bytes that the least of files takes


@pytest.fixture
def filled(tmp_path):
    """A data folder with a report and its photo."""
    world = on_disk(tmp_path / "data")
    world.file("lost", photo(1), name="Rex")
    world.database.close()
    return tmp_path / "data"


@pytest.fixture
def reachable(filled):
    """The same where other users come by."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o777)
        yield shutil.move(filled, Path(folder) / "data")


def homeward(within, *arguments, code):
    command = [*within, *RUN, *map(str, arguments)]
    answer = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "HOMEWARD_LANG": "en"}
    )
    assert answer.returncode == code, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


@wants_mounts
@pytest.mark.parametrize("has_room_for_rows", [False, True])
def test_a_restore_that_finds_no_room_says_which_disk_is_full(filled, tmp_path, has_room_for_rows):
    new, saved = tmp_path / "new", tmp_path / "b.tar"
    new.mkdir()
    backup(filled, saved, Place(filled / "photos"))
    with tarfile.open(saved) as archive:
        size = archive.getmember("homeward.sqlite").size

    told = homeward(on_a_disk(new, size if has_room_for_rows else 8192), "restore", saved, "--data", new, code=1)

    assert f"The disk of {new}" in told
    assert "another backup" not in told
    assert restore(saved, tmp_path / "elsewhere", Place(tmp_path / "elsewhere" / "photos")).photos == 1


@wants_mounts
@pytest.mark.parametrize("has_room_for_rows", [False, True])
def test_a_backup_that_finds_no_room_says_which_disk_is_full(filled, tmp_path, has_room_for_rows):
    saved = tmp_path / "saved"
    saved.mkdir()
    size = 2 * (filled / "homeward.sqlite").stat().st_size if has_room_for_rows else 8192

    told = homeward(on_a_disk(saved, size), "backup", saved / "b.tar", "--data", filled, code=1)

    assert f"The disk of {saved} is full." in told
    assert "sound rows" not in told


@wants_mounts
def test_a_backup_of_a_folder_that_cannot_be_written_to_says_so(filled, tmp_path):
    told = homeward(read_only(filled), "backup", tmp_path / "b.tar", "--data", filled, code=2)

    assert f"The file system of {filled} is mounted read-only." in told
    assert "sound rows" not in told
    assert not (tmp_path / "b.tar").exists()


@wants_users
@pytest.mark.parametrize("closed", ["data", "data/homeward.sqlite", "data/photos"])
def test_a_backup_by_a_user_who_may_not_read_everything_says_who_may(reachable, closed):
    place, closed = Place(reachable / "photos"), reachable.parent / closed
    backup(reachable, reachable.parent / "b.tar", place)
    reachable.chmod(0o777)
    (reachable / "homeward.sqlite").chmod(0o666)
    closed.chmod(0o700 if closed.is_dir() else 0o600)

    with somebody(), pytest.raises(Forbidden, match=f"nobody may not read or write {closed}.*, which belongs to root"):
        backup(reachable, reachable.parent / "c.tar", place)

    assert not (reachable.parent / "c.tar").exists()


@wants_mounts
@pytest.mark.parametrize(
    "command", [["serve", "--port", "0"], ["report", "lost", "a.jpg"], ["matches", "x"]], ids=lambda command: command[0]
)
def test_a_folder_on_a_read_only_mount_is_said_with_what_to_do(filled, monkeypatch, command):
    monkeypatch.chdir(filled.parent)
    Path("a.jpg").write_bytes(photo(1))

    told = homeward(read_only(filled), *command, "--data", filled, code=2)

    assert "is mounted read-only." in told
    assert "Mount it so that it can be written to" in told


@wants_mounts
def test_a_new_folder_on_a_read_only_mount_is_said_with_what_to_do(tmp_path):
    told = homeward(read_only(tmp_path), "serve", "--port", 0, "--data", tmp_path / "new", code=2)

    assert f"The file system of {tmp_path / 'new'} is mounted read-only." in told


@wants_users
def test_a_folder_that_this_user_may_not_look_into_is_said_with_what_to_do(reachable, capsys):
    reachable.chmod(0o700)

    with somebody():
        with pytest.raises(PermissionError) as met:
            has_data(settings(reachable))
        assert import_module("homeward.cli.main")._refused(met.value) == 2

    told = capsys.readouterr().err
    assert f"nobody may not read or write {reachable}" in told
    assert "Run the command as root (sudo -u 'root' homeward ...), or give it away with chown -R." in told


@wants_users
def test_a_folder_that_this_user_may_not_make_is_said_with_what_to_do():
    with tempfile.TemporaryDirectory(dir="/tmp") as outer:
        Path(outer).chmod(0o755)
        folder = Path(outer) / "data"

        with somebody(), pytest.raises(Forbidden) as told, DataFolderLock(folder):
            pass

    assert told.value.message == f"nobody may not make {folder}: {outer} belongs to root."
    assert told.value.hint == f"Let root make it (install -d -o 'nobody' -m 700 {folder}), or name another with --data."


@wants_users
def test_the_doctor_says_who_has_to_make_a_folder_that_this_user_may_not(reachable):
    examine(settings(reachable))
    outer = reachable.parent
    outer.chmod(0o755)

    with somebody():
        (failed,) = [each for each in examine(settings(outer / "new" / "data")) if each.state == "fail"]

    assert failed.finding == f"nobody may not make {outer / 'new' / 'data'}: {outer} belongs to root."


def test_a_file_that_is_named_as_the_folder_is_said(tmp_path):
    (tmp_path / "data").touch()

    for command in (["serve", "--port", 0], ["matches", "x"], ["doctor"], ["demo"]):
        assert f"{tmp_path / 'data'} is a file, no folder. (data)" in homeward(
            [], *command, "--data", tmp_path / "data", code=2
        )
    within = tmp_path / "data" / "more" / "of"
    assert f"{tmp_path / 'data'} is a file, no folder. (data)" in homeward([], "serve", "--data", within, code=2)


@wants_mounts
def test_an_export_that_finds_no_room_says_so_and_leaves_only_what_was_there_before(tmp_path):
    world, disk = on_disk(tmp_path / "data"), tmp_path / "disk"
    disk.mkdir()
    for seed in (1, 2):
        world.file("lost", photo(seed))
    world.database.close()
    script = f"mkdir '{disk}/all'; echo mine > '{disk}/all/mine'; \"$@\"; code=$?; find '{disk}' -type f; exit $code"
    within = [*on_a_disk(disk, 2 * PAGE), "sh", "-c", script, "sh"]

    told = homeward(within, "export", disk / "all.jsonl", "--data", tmp_path / "data", code=1)

    assert f"The disk of {disk} is full." in told
    assert [line for line in told.splitlines() if line.startswith(f"{disk}/")] == [f"{disk}/all/mine"]


@wants_mounts
@pytest.mark.parametrize("refusal", ["full", "read-only"])
def test_the_doctor_advises_no_restore_where_the_disk_takes_nothing(filled, tmp_path, refusal):
    disk = tmp_path / "disk"
    disk.mkdir()
    size = sum(file.stat().st_size + 4096 for file in filled.rglob("*"))
    fill = ["sh", "-c", f"cp -r '{filled}'/. '{disk}'; cat /dev/zero > '{disk}/ballast'; exec \"$@\"", "sh"]
    within = [*on_a_disk(disk, size), *fill] if refusal == "full" else read_only(filled)
    folder = disk if refusal == "full" else filled

    told = json.loads(homeward(within, "doctor", "--json", "--data", folder, code=1).split("cat: ")[0])["checks"]

    failed = {each["name"]: each for each in told if each["state"] == "fail"}
    said = f"The disk of {folder} is full." if refusal == "full" else f"of {folder} is mounted read-only."
    others = {"free space"} if refusal == "read-only" else set()  # this machine's own may be short
    assert failed.keys() - others == {"writable"}, "what ends several checks is told once"
    assert said in failed["writable"]["finding"]
    assert not [each for each in told if "estore" in each["mend"] or "backup" in each["mend"]]


@wants_users
@pytest.mark.parametrize("closed", ["data", "data/homeward.sqlite", "data/photos"])
def test_the_doctor_advises_no_restore_where_rights_are_missing(reachable, closed):
    closed = reachable.parent / closed
    examine(settings(reachable))
    reachable.chmod(0o777)
    (reachable / "homeward.sqlite").chmod(0o666)
    closed.chmod(0o700 if closed.is_dir() else 0o600)

    with somebody():
        told = examine(settings(reachable))

    failed = [each for each in told if each.state == "fail"]
    assert len({each.finding for each in failed}) == len(failed), "each trouble is told once"
    assert failed[0].finding == f"nobody may not read or write {closed}, which belongs to root."
    assert "chown -R" in failed[0].mend
    assert not [each for each in told if "estore" in each.mend or "backup" in each.mend]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_command_whose_streams_are_closed_does_its_work_all_the_same(tmp_path, closed):
    answer = in_a_shell(["doctor", "--data", str(tmp_path / "none")], closed)

    assert (answer.returncode, answer.stderr) == (0, "")
    assert ("data folder" in answer.stdout) == (" >&-" not in f" {closed}")


def test_a_talk_without_a_stdin_ends_at_once(tmp_path):
    answer = in_a_shell(["bot", "--console", "--data", str(tmp_path / "data")], "<&-")

    assert (answer.returncode, answer.stderr.count("Traceback")) == (0, 0)


def in_a_shell(command, redirections):
    typed = f"exec {shlex.join([*RUN, *command])} {redirections}"
    return subprocess.run(["/bin/sh", "-c", typed], check=False, capture_output=True, text=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="wants a device that is always full")
def test_a_server_whose_log_finds_no_room_takes_reports_all_the_same(tmp_path):
    port = free_port()
    typed = [*RUN, "serve", "--data", str(tmp_path / "data"), "--port", str(port)]
    with Path("/dev/full").open("w") as log, subprocess.Popen(typed, stderr=log) as server, ExitStack() as end:
        end.callback(server.terminate)
        while not answers(port):
            assert server.poll() is None
        with Client(f"http://127.0.0.1:{port}") as caller:
            filed = caller.report("lost", [photo(1)], species="cat", keep_without_animal=True)

    assert filed["status"] == "open"


def answers(port):
    with closing(socket.socket()) as door:
        return door.connect_ex(("127.0.0.1", port)) == 0
