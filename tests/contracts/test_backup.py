import io
import tarfile

import pytest

from homeward.errors import Conflict, InvalidInput, NotFound
from homeward.storage.backup import backup, restore
from homeward.storage.photos.folder import FolderPhotoStorage
from homeward.storage.photos.place import Place
from tests.conftest import photo
from tests.world import on_disk


@pytest.fixture
def filled(tmp_path):
    folder = tmp_path / "data"
    world = on_disk(folder)
    world.file("lost", photo(1), photo(2), name="Rex")
    yield world, folder
    world.database.close()


def test_a_backup_taken_while_others_write_holds_everything(filled, tmp_path):
    world, folder = filled
    with world.database.write() as work:
        work.keys.add_secret("links", "signing", world.clock.now())

    assert backup(folder, tmp_path / "b.tar", Place(folder / "photos")).photos == 2
    restored = restore(tmp_path / "b.tar", tmp_path / "new", Place(tmp_path / "new" / "photos"))

    assert (restored.reports, restored.photos, restored.missing) == (1, 2, 0)
    again = on_disk(tmp_path / "new")
    with again.database.read() as work:
        assert work.keys.secrets("links") == ["signing"]
    found = again.file("found", photo(1, noise=1))
    assert found.finder_matches[0].name == "Rex"
    again.database.close()


def test_a_photo_that_is_erased_while_the_backup_is_taken_is_not_missing(filled, tmp_path, monkeypatch):
    world, folder = filled

    def erased(_photos, content_hash):
        with world.database.write() as work:
            work.connection.exec_driver_sql("DELETE FROM photos WHERE content_hash = ?", (content_hash,))
        raise NotFound("There is no such picture.")

    monkeypatch.setattr(FolderPhotoStorage, "get", erased)
    summary = backup(folder, tmp_path / "b.tar", Place(folder / "photos"))

    assert (summary.photos, summary.missing) == (0, 0)


def test_nothing_is_ever_overwritten(filled, tmp_path):
    _, folder = filled
    (tmp_path / "b.tar").write_bytes(b"mine")
    with pytest.raises(Conflict):
        backup(folder, tmp_path / "b.tar", Place(folder / "photos"))
    backup(folder, tmp_path / "c.tar", Place(folder / "photos"))

    with pytest.raises(Conflict):
        restore(tmp_path / "c.tar", folder, Place(folder / "photos"))


def test_a_folder_without_data_has_no_backup(tmp_path):
    with pytest.raises(NotFound):
        backup(tmp_path, tmp_path / "b.tar", Place(tmp_path / "photos"))


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "photos/../../evil", "other"])
def test_a_hostile_archive_writes_nothing_outside(tmp_path, name):
    archive = tmp_path / "evil.tar"
    with tarfile.open(archive, "w") as tar:
        info = tarfile.TarInfo(name)
        info.size = 4
        tar.addfile(info, io.BytesIO(b"evil"))

    with pytest.raises(InvalidInput):
        restore(archive, tmp_path / "new" / "deep", Place(tmp_path / "new" / "deep" / "photos"))

    assert not any(path.name == "evil" for path in tmp_path.rglob("*"))


def test_a_damaged_backup_is_refused_and_not_put_into_use(filled, tmp_path):
    _, folder = filled
    backup(folder, tmp_path / "b.tar", Place(folder / "photos"))
    data = bytearray((tmp_path / "b.tar").read_bytes())
    data[len(data) // 3] ^= 0xFF
    (tmp_path / "b.tar").write_bytes(data)

    with pytest.raises(InvalidInput):
        restore(tmp_path / "b.tar", tmp_path / "new", Place(tmp_path / "new" / "photos"))

    assert not (tmp_path / "new").exists(), "a better backup can be tried at once"


def test_models_of_the_folder_and_what_was_measured_there_go_along(filled, tmp_path):
    _, folder = filled
    kept = folder / "models" / "calibrations" / "homeward-embedder-3.yaml"
    kept.parent.mkdir(parents=True)
    kept.write_text("alert_degree: 0.7")
    backup(folder, tmp_path / "b.tar", Place(folder / "photos"))

    restore(tmp_path / "b.tar", tmp_path / "new", Place(tmp_path / "new" / "photos"))

    assert (
        tmp_path / "new" / "models" / "calibrations" / "homeward-embedder-3.yaml"
    ).read_text() == "alert_degree: 0.7"


def test_something_else_is_no_backup(tmp_path):
    (tmp_path / "x.tar").write_bytes(b"hello")

    with pytest.raises(InvalidInput):
        restore(tmp_path / "x.tar", tmp_path / "new", Place(tmp_path / "new" / "photos"))
