import fcntl
import hashlib
import json
import os
import pty
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import yaml
from cyclopts import CycloptsError
from PIL import Image

from homeward.cli import app
from homeward.cli.common import settings
from homeward.cli.demo.city import MARKER, as_typed
from homeward.cli.listening import address
from homeward.cli.wrong_use import in_words
from homeward.errors import BadSettings
from homeward.locales import catalogue
from homeward.storage.lock import DataFolderLock
from homeward.storage.sql import SqlDatabase
from tests.cli.conftest import RUN
from tests.conftest import photo
from tests.models.test_models import CARD, write_network
from tests.ports import free_port

KEEP = ["--species", "cat", "--keep-without-animal"]


@pytest.fixture
def photos(tmp_path):
    for seed, noise, name in ((1, 0, "own.jpg"), (1, 1, "seen.jpg"), (2, 0, "other.jpg")):
        (tmp_path / name).write_bytes(photo(seed, noise=noise))
    return tmp_path


def test_the_whole_story_on_the_command_line(run, photos):
    found = json.loads(
        run("report", "found", photos / "seen.jpg", *KEEP, "--lat", 57.6, "--lon", 39.85, "--json").stdout
    )
    told = run("report", "lost", photos / "own.jpg", *KEEP, "--lat", 57.6, "--lon", 39.85, "--name", "Rex").stdout
    lost_id = told.split("Lost report ")[1].split(" ")[0]

    assert found["id"] in told
    assert "#token=" in told
    page = json.loads(run("matches", lost_id, "--json").stdout)
    assert page["items"][0]["found_id"] == found["id"]
    assert found["id"] in run("matches", lost_id, "--csv").stdout
    assert json.loads(run("matches", lost_id, "--geojson").stdout)["type"] == "FeatureCollection"
    run("verdict", lost_id, found["id"], "different")
    assert json.loads(run("matches", lost_id, "--verdict", "none", "--json").stdout)["hidden"] == 1
    assert (
        "маловероятно" in run("matches", lost_id, HOMEWARD_LANG="ru").stdout
        or "возможно" in run("matches", lost_id, HOMEWARD_LANG="ru").stdout
    )
    run("erase", lost_id)
    run("matches", lost_id, code=2)


@pytest.mark.parametrize(
    ("typed", "message", "hint"),
    [
        ("serve --port many", "--port takes a whole number, not many.", "For example: homeward serve --port 8000"),
        ("work --port -4", "--port cannot be -4: must be at least 0.", "For example: homeward work --port 8000"),
        ("serve --port", "--port needs a value: a whole number.", "For example: homeward serve --port 8000"),
        ("serve --prot 3", "serve has no option --prot.", "Did you mean --port?"),
        ("serve --zzz", "serve has no option --zzz.", "homeward serve --help shows how it is used."),
        ("serve now", "serve takes options alone; now is too much.", "homeward serve --help shows how it is used."),
        ("matches x --limit a", "--limit takes a whole number, not a.",
         "For example: homeward matches LOST-ID --limit 20"),
        ("matches x --json=a", "--json takes true or false, not a.", "For example: homeward matches LOST-ID --json"),
        ("matches x --json --json", "--json is given more than once.", "homeward matches --help shows how it is used."),
        ("matches", "matches needs LOST-ID: Id of the lost report.", "For example: homeward matches LOST-ID"),
        ("verdict a b c", "SAYS takes same, different or unsure, not c.",
         "For example: homeward verdict LOST-ID FOUND-ID same"),
        ("backup a b", "backup takes no more than TARGET; b is too much.",
         "homeward backup --help shows how it is used."),
        ("migrate", "migrate needs --from: Where the rows are.",
         "For example: homeward migrate --from sqlite --to postgres"),
        ("nonsense", "There is no command nonsense.", "homeward --help shows how it is used."),
        ("models shw", "There is no command models shw.", "Did you mean homeward models show?"),
    ],
)  # fmt: skip
def test_what_cannot_be_parsed_is_said_in_plain_words_with_an_example(typed, message, hint):
    with pytest.raises(CycloptsError) as wrong:
        app(typed.split(), exit_on_error=False, print_error=False)

    said = in_words(wrong.value)

    assert (said.message, said.hint) == (message, hint)


def test_what_is_wrong_is_said_in_plain_words_with_exit_code_two(run, photos):
    answer = run("report", "lost", photos / "own.jpg", *KEEP, "--lat", 91, "--lon", 0, code=2)
    assert "91 is no latitude. (lat)" in answer.stderr
    told = run("report", "stolen", photos / "own.jpg", code=2).stderr.splitlines()
    assert told == ["homeward: SHELF takes lost or found, not stolen.", "  For example: homeward report lost PHOTOS"]
    run("report", "lost", photos / "nothing.jpg", code=2)
    run("nonsense", data=False, code=2)
    answer = run("doctor", code=2, HOMEWARD_PORT="many")
    assert "HOMEWARD_PORT" in answer.stderr


def test_a_folder_of_pets_is_imported_once_exported_and_taken_back(run, photos, tmp_path):
    for pet in ("rex", "tom"):
        (tmp_path / "pets" / pet).mkdir(parents=True)
        for noise in range(2):
            (tmp_path / "pets" / pet / f"{noise}.jpg").write_bytes(photo(len(pet) + ord(pet[0]), noise=noise))
    (tmp_path / "pets" / "bad").mkdir()
    (tmp_path / "pets" / "bad" / "x.jpg").write_bytes(b"broken")

    first = json.loads(run("import", "pets", *KEEP, "--json", code=1).stdout)
    again = json.loads(run("import", "pets", *KEEP, "--json", code=1).stdout)

    assert (first["imported"], len(first["failed"])) == (2, 1)
    assert first["failed"][0]["where"] == "bad"
    assert (again["imported"], again["already"]) == (0, 2)
    run("export", "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert sorted(row["name"] for row in rows) == ["rex", "tom"]
    assert all((tmp_path / name).exists() for row in rows for name in row["photos"])
    back = run("import", "out.jsonl", "--keep-without-animal", "--json", "--data", tmp_path / "new", data=False)
    assert json.loads(back.stdout)["imported"] == 2
    assert [row["status"] for row in rows] == ["open", "open"]
    (tmp_path / "out.jsonl").write_text("".join(json.dumps({**row, "status": "closed"}) + "\n" for row in rows))
    back = run("import", "out.jsonl", "--keep-without-animal", "--data", tmp_path / "over", data=False)
    assert "imported 0, there already 0, not looked for any more and left out 2, failed 0" in back.stdout
    run("export", "out.csv")
    back = run("import", "out.csv", "--keep-without-animal", "--json", "--data", tmp_path / "newer", data=False)
    assert json.loads(back.stdout)["imported"] == 2
    (tmp_path / "nothing").mkdir()
    assert "nothing to import" in run("import", "nothing", code=2).stderr


def test_an_import_of_a_folder_says_beforehand_what_becomes_of_it(run, tmp_path):
    (tmp_path / "pets" / "rex").mkdir(parents=True)
    for number in range(12):
        (tmp_path / "pets" / "rex" / f"{number:02}.jpg").write_bytes(photo(1, noise=number))
    for number in range(2):
        (tmp_path / "pets" / f"{number}.jpg").write_bytes(photo(2, noise=number))

    answer = run("import", "pets", *KEEP, "--json")

    own = "those of one animal belong into a folder within it."
    assert json.loads(answer.stdout)["imported"] == 3
    assert answer.stderr.splitlines() == [
        f"homeward: Photos that lie loose in pets: 2. Each becomes a report of its own; {own}",
        "homeward: rex holds 12 photos; a report takes the first 10.",
        "homeward: Reports to be filed: 3, with photos: 12.",
    ]
    answer = run("import", "pets/rex", "--each-photo", *KEEP)
    assert answer.stderr == "homeward: Reports to be filed: 12, with photos: 12.\n", "it was asked for"


def test_a_folder_and_too_many_photos_are_refused_for_what_they_are(run, photos):
    told = run("report", "found", photos, code=2).stderr
    assert f"{photos} is a folder. (photos)" in told
    assert "homeward import" in told

    told = run("report", "found", *[photos / "own.jpg"] * 12, *KEEP, code=2).stderr
    assert "More than ten photos came with the form. (photo)" in told


def test_bad_rows_are_named_by_line_and_paths_may_not_climb(run, tmp_path):
    (tmp_path / "secret.jpg").write_bytes(photo(1))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "list.jsonl").write_text(
        '{"photos": ["../secret.jpg"]}\nnot json\n{"colour": "red"}\n{"photos": []}\n'
    )

    answer = json.loads(run("import", "in/list.jsonl", *KEEP, "--json", code=1).stdout)

    assert [failure["where"] for failure in answer["failed"]] == ["line 1", "line 2", "line 3", "line 4"]
    assert "leads out" in answer["failed"][0]["problem"]


def test_backup_restore_and_doctor(run, photos, tmp_path):
    run("report", "lost", photos / "own.jpg", *KEEP)
    assert json.loads(run("backup", "b.tar", "--json").stdout)["reports"] == 1
    run("backup", "b.tar", code=2)
    restored = run("restore", "b.tar", "--json", "--data", tmp_path / "new", data=False)
    assert json.loads(restored.stdout)["photos"] == 1
    checks = json.loads(run("doctor", "--json").stdout)["checks"]
    assert {check["state"] for check in checks} == {"ok"}
    (kept,) = (tmp_path / "data" / "photos").rglob("*.jpg")
    kept.write_bytes(kept.read_bytes()[:-100])
    assert failed(run) == [("photos", "1 read, 1 damaged")]
    kept.unlink()
    assert failed(run) == [("photos", "0 read, 0 damaged")]


def failed(run):
    checks = json.loads(run("doctor", "--json", code=1).stdout)["checks"]
    return [(check["name"], check["finding"][-17:]) for check in checks if check["state"] == "fail"]


def test_the_doctor_says_of_a_server_that_was_killed_that_it_does_not_answer(tmp_path):
    from homeward.cli.checks import examine
    from homeward.storage.lock import DataFolderLock

    with DataFolderLock(tmp_path, shared=True) as killed, DataFolderLock(tmp_path, shared=True):
        killed.set_url(f"http://127.0.0.1:{free_port()}")
        (check,) = [check for check in examine(settings(tmp_path)) if check.name == "server"]

    assert check.state == "warn"
    assert "does not answer" in check.finding


def test_cameras_keys_and_models(run):
    camera = run("cameras", "add", "Yard", "--lat", 57.6, "--lon", 39.8).stdout.strip()
    secret = run("keys", "create", "--name", "yard", "--scope", "sightings", "--camera", camera).stdout.strip()
    keys = json.loads(run("keys", "list", "--json").stdout)["items"]
    assert secret.split("_")[1] in [key["id"] for key in keys]
    run("keys", "revoke", secret.split("_")[1])
    assert secret.split("_")[1] not in run("keys", "list").stdout
    assert secret.split("_")[1] in run("keys", "list", "--all").stdout
    assert all(key["revoked_at"] is None for key in json.loads(run("keys", "list", "--json").stdout)["items"])
    assert len(json.loads(run("keys", "list", "--all", "--json").stdout)["items"]) > 3
    assert "Yard" in run("cameras", "list").stdout
    models = {m["name"]: m for m in json.loads(run("models", "list", "--json").stdout)["items"]}
    assert models["homeward-embedder-3"]["in_use"]
    assert "trained_on" in run("models", "show", "homeward-detector-1").stdout
    run("models", "remove", "homeward-detector-1", code=2)


@pytest.mark.parametrize("name", ["Gate [/x]", "Gate [red]", "Gate :cat:"])
def test_a_table_shows_what_was_typed_as_it_is(run, name):
    run("cameras", "add", name, "--lat", 57.6, "--lon", 39.8)

    assert name in run("cameras", "list").stdout


def test_commands_speak_to_the_server_that_works_in_the_folder(run, photos, tmp_path):
    from tests.e2e.crash import Server

    server = Server(tmp_path / "data")
    server.start()
    try:
        filed = json.loads(run("report", "lost", photos / "own.jpg", *KEEP, "--json").stdout)
        assert json.loads(run("matches", filed["id"], "--json").stdout)["items"] == []
        assert json.loads(run("backup", "b.tar", "--json").stdout)["reports"] == 1
        assert "Another process" in run("serve", code=2).stderr
    finally:
        server.stop()
    assert (tmp_path / "data" / "operator.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("first", ["serve", "report"])
def test_a_server_and_a_command_that_start_together_wait_for_each_other(run, photos, tmp_path, first):
    """As the README's two lines are pasted; whoever comes second finds the other at work and serving nowhere."""
    from tests.e2e.crash import Server

    def is_held():
        with suppress(FileNotFoundError), (tmp_path / "data" / "homeward.lock").open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    server = Server(tmp_path / "data")
    report = ["report", "found", photos / "own.jpg", *KEEP, "--json"]
    with ThreadPoolExecutor() as threads:
        if first == "serve":
            server.launch()
        filed = threads.submit(run, *report) if first == "report" else None
        while not is_held():
            time.sleep(0.01)
        if first == "report":
            server.launch()
        filed = filed or threads.submit(run, *report)
        try:
            assert json.loads(filed.result().stdout)["shelf"] == "found"
            server.wait()
        finally:
            server.stop()


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (["migrate", "--from", "sqlite", "--to", "postgres"], 2, "HOMEWARD_DATABASE_URL="),
        (["migrate", "--from", "sqlite", "--to", "postgres", "--cancel"], 2, "were not moved"),
        (["migrate", "photos", "--to", "folder"], 2, "The photos are there already"),
        (["demo", "--no-serve"], 0, "Chelsea"),
    ],
    ids=["rows", "cancel", "photos", "demo"],
)
def test_what_wants_the_folder_alone_waits_for_whoever_is_about_to_leave(demo_folder, command, code, told):
    with DataFolderLock(demo_folder):
        process = subprocess.Popen(
            [*RUN, *command, "--data", str(demo_folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert "Waiting for another process in" in process.stderr.readline()

    said = "".join(process.communicate())
    assert process.returncode == code, said
    assert told in said


@pytest.mark.parametrize(
    "command",
    [
        ["migrate", "--from", "sqlite", "--to", "postgres"],
        ["migrate", "photos", "--to", "folder"],
        ["demo", "--no-serve"],
    ],
    ids=["rows", "photos", "demo"],
)
def test_what_wants_the_folder_alone_names_the_server_that_has_it_and_leaves_its_data(run, demo_folder, command):
    with DataFolderLock(demo_folder) as lock:
        lock.set_url("http://127.0.0.1:1234")
        before = {path: path.stat().st_ino for path in demo_folder.rglob("*")}

        told = run(*command, "--data", demo_folder, data=False, code=2).stderr

        assert "serves on http://127.0.0.1:1234" in told
        assert {path: path.stat().st_ino for path in demo_folder.rglob("*")} == before


@pytest.fixture
def demo_folder(tmp_path):
    """A data folder that the demo may make anew."""
    SqlDatabase.open(tmp_path / "data" / "homeward.sqlite").close()
    (tmp_path / "data" / MARKER).touch()
    return tmp_path / "data"


def test_another_model_is_taken_in_and_given_up_again(run, photos, tmp_path):
    card, file = tmp_path / "tiny.yaml", write_network(tmp_path / "net.onnx")
    card.write_text(yaml.safe_dump(CARD))
    filed = json.loads(run("report", "lost", photos / "own.jpg", *KEEP, "--json").stdout)
    run("report", "found", photos / "seen.jpg", *KEEP)
    run("models", "add", file, "--card", card)

    there = json.loads(run("reindex", "--model", "tiny", "--json").stdout)
    assert (there["model"], there["previous"], there["waiting"]) == ("tiny", "homeward-embedder-3", 0)
    assert json.loads(run("matches", filed["id"], "--json").stdout)["items"]
    assert "asks for homeward-embedder-3, the data folder uses tiny" in run("doctor").stdout
    back = json.loads(run("reindex", "--rollback", "--json").stdout)
    assert (back["model"], back["embedded"]) == ("homeward-embedder-3", back["total"])
    assert "in use: homeward-embedder-3" in run("reindex").stdout
    assert "nobody" in run("reindex", "--model", "nobody", code=2).stderr
    run("reindex", "--model", "tiny", "--rollback", code=2)


def test_a_model_that_cannot_be_opened_ends_only_what_wants_one(run, photos, tmp_path):
    run("report", "lost", photos / "own.jpg", *KEEP, "--name", "Rex")
    models = tmp_path / "data" / "models"
    models.mkdir()
    (models / "tiny.yaml").write_text(yaml.safe_dump(CARD))
    (models / "tiny.onnx").write_bytes(b"no network")
    digest = hashlib.sha256(b"no network").hexdigest()
    with closing(sqlite3.connect(tmp_path / "data" / "homeward.sqlite")) as rows, rows:
        rows.execute("UPDATE facts SET value = 'tiny' WHERE name = 'embedder'")
        rows.execute("UPDATE facts SET value = ? WHERE name = 'embedder_weights'", (json.dumps({"tiny": digest}),))

    for wants in (["serve", "--port", free_port()], ["report", "lost", photos / "other.jpg", *KEEP]):
        assert "tiny.onnx cannot be opened as ONNX." in run(*wants, code=2, HOMEWARD_EMBEDDER="tiny").stderr
    run("export", tmp_path / "all.jsonl", HOMEWARD_EMBEDDER="tiny")

    assert "Rex" in (tmp_path / "all.jsonl").read_text()


def test_a_model_that_cannot_be_opened_does_not_become_that_of_a_new_folder(run, tmp_path):
    models = tmp_path / "data" / "models"
    models.mkdir(parents=True)
    (models / "tiny.yaml").write_text(yaml.safe_dump(CARD))
    (models / "tiny.onnx").write_bytes(b"no network")

    gate = ["cameras", "add", "Gate", "--lat", 57.6, "--lon", 39.8]

    assert "tiny.onnx cannot be opened as ONNX." in run(*gate, code=2, HOMEWARD_EMBEDDER="tiny").stderr
    run(*gate)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--port", "{taken}"], "Port {taken} of 127.0.0.1 cannot be listened on. (port)"),
        (["--grpc-port", "{taken}"], "Port {taken} of 127.0.0.1 cannot be listened on. (grpc_port)"),
        (["--host", "::1", "--port", "{free}", "--grpc-port", "{free}"], "Port {free} of ::1 cannot be"),
        (["--processes", "0"], "--processes"),
        (["--processes", "-3"], "--processes"),
        (["nope"], "There is no model nope."),
    ],
)
def test_a_model_service_says_what_it_cannot_do_before_it_says_that_it_serves(run, options, told):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"taken": taken.getsockname()[1], "free": free_port()}
        given = [option.format(**ports) for option in options]
        for option in {"--port", "--grpc-port"} - set(given):
            given += [option, str(free_port())]
        answer = run("models", "serve", *given, code=2, HOMEWARD_MODEL_SERVICE_KEY="k" * 32)

    assert told.format(**ports) in answer.stdout + answer.stderr
    assert "http://" not in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_model_that_is_needed_stays_and_one_that_is_lost_all_the_same_is_replaced(run, photos, tmp_path):
    card, file = tmp_path / "tiny.yaml", write_network(tmp_path / "net.onnx")
    card.write_text(yaml.safe_dump(CARD))
    filed = json.loads(run("report", "lost", photos / "own.jpg", *KEEP, "--json").stdout)
    run("report", "found", photos / "seen.jpg", *KEEP)
    run("models", "add", file, "--card", card)
    run("reindex", "--model", "tiny")
    assert "tiny is needed: in use" in run("models", "remove", "tiny", code=2).stderr
    added = tmp_path / "data" / "models" / "tiny.yaml"
    away = added.rename(tmp_path / "away.yaml")
    told = run("reindex", code=2).stderr
    assert "The model in use, tiny, is not here." in told
    assert "homeward reindex --model homeward-embedder-3" in told

    back = json.loads(run("reindex", "--model", "homeward-embedder-3", "--json").stdout)

    assert (back["model"], back["previous"], back["waiting"]) == ("homeward-embedder-3", "tiny", 0)
    assert back["embedded"] == back["total"]
    assert json.loads(run("matches", filed["id"], "--json").stdout)["items"]
    away.rename(added)
    assert "tiny is needed: kept for homeward reindex --rollback" in run("models", "remove", "tiny", code=2).stderr
    added.write_text(yaml.safe_dump(yaml.safe_load(added.read_text()) | {"sha256": "0" * 64}))  # another file's card
    run("models", "remove", "tiny")
    run("models", "add", file, "--card", card)
    assert json.loads(run("reindex", "--rollback", "--json").stdout)["model"] == "tiny"


def test_too_few_animals_cannot_calibrate_and_nothing_is_written(run, tmp_path):
    for animal in range(3):
        (tmp_path / "pets" / f"{animal}").mkdir(parents=True)
        for noise in range(2):
            (tmp_path / "pets" / f"{animal}" / f"{noise}.jpg").write_bytes(photo(animal, noise=noise))

    answer = run("calibrate", tmp_path / "pets", "--species", "cat", code=2)

    assert "at least 4 animals" in answer.stderr
    assert not list((tmp_path / "data").rglob("*.yaml"))
    run("calibrate", tmp_path / "nowhere", code=2)


def test_calibrate_tells_the_alert_degree_that_counts_and_why_it_is_another_than_the_curves(run, tmp_path):
    for animal in range(10):
        (tmp_path / "pets" / f"{animal}").mkdir(parents=True)
        for noise in range(2):
            (tmp_path / "pets" / f"{animal}" / f"{noise}.jpg").write_bytes(photo(animal, noise=noise))
    ask = ("calibrate", tmp_path / "pets", "--species", "dog")

    assert "alert from a degree of 0.3, as HOMEWARD_ALERT_DEGREE says" in run(*ask, HOMEWARD_ALERT_DEGREE="0.3").stdout
    kept = tmp_path / "data/models/calibrations/homeward-embedder-3.yaml"
    written = yaml.safe_load(kept.read_text())
    next(curve for curve in written["calibration"] if curve["species"] == "cat")["alert_degree"] = 0.4
    kept.write_text(yaml.safe_dump(written))

    assert "alert from a degree of 0.4, the largest that a curve of the model asks for" in run(*ask).stdout


def test_the_demo_fills_a_town_and_never_touches_other_folders(run, tmp_path):
    told = run("demo", "--no-serve", data=False).stdout

    assert "Chelsea" in told
    assert "CC0" in told
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    run("demo", "--no-serve", "--data", "mine", data=False, code=2)
    assert (tmp_path / "mine" / "file").exists()


@pytest.mark.parametrize(
    ("typed", "shown"), [(".venv/bin/homeward", ".venv/bin/homeward"), ("-c", "homeward")], ids=["path", "module"]
)
def test_the_demo_shows_commands_that_can_be_typed_where_none_is_on_the_path(monkeypatch, tmp_path, typed, shown):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [typed, "demo"])
    assert as_typed() == shown

    (tmp_path / "homeward").touch(mode=0o755)
    assert as_typed() == "homeward"


def test_help_and_import_load_nothing_heavy():
    script = """
import sys
import homeward
assert not {"numpy", "PIL", "sqlalchemy", "fastapi"} & set(sys.modules)
from homeward.cli import app
heavy = {"numpy", "PIL", "sqlalchemy", "fastapi", "onnxruntime", "pydantic", "httpx2"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_every_text_is_there_in_both_languages_with_the_same_values():
    english, russian = catalogue("en"), catalogue("ru")

    assert english.keys() == russian.keys()
    for key, text in english.items():
        values = [part.split("}")[0].split(":")[0] for part in text.split("{")[1:]]
        other = [part.split("}")[0].split(":")[0] for part in russian[key].split("{")[1:]]
        assert sorted(values) == sorted(other), key


def test_every_error_and_reason_has_a_text():
    from homeward import errors
    from homeward.domain.matches import ReasonCode

    texts = catalogue("en")
    assert {f"reason.{code.value}" for code in ReasonCode} <= set(texts)
    shown = {"error", "internal", "bad_settings", "data_folder_locked", "model_invalid", "storage_too_new"}
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.HomewardError)
    ]
    assert {f"error.{kind.code}" for kind in kinds if kind.code not in shown} <= set(texts)


def commands(app, path=()):
    for name in app:
        if not name.startswith("-"):
            yield from commands(app[name], (*path, name))
    if app.default_command:
        yield path, app


def test_every_parameter_of_every_command_says_what_it_is():
    silent = [
        (*path, argument.name)
        for path, command in commands(app)
        for argument in command.assemble_argument_collection(parse_docstring=True)
        if not argument.parameter.help
    ]

    assert silent == []


def test_a_rehearsal_shows_what_would_be_sent(run, cat_clip, tmp_path):
    told = json.loads(run("watch", cat_clip, "--dry-run", "--json", "--sheet", tmp_path / "sheet.png").stdout)

    assert told["frames"] == 15
    assert told["frames_with_animal"] >= 8
    assert 1 <= len(told["items"]) <= 2
    assert told["items"][0]["species"] == "cat"
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    assert "would be sent" in run("watch", cat_clip, "--dry-run").stdout


@pytest.mark.parametrize("sheet", ["folder.png", "yard.mp4/crops.png"])
def test_a_sheet_that_cannot_be_written_is_said_before_anything_is_watched(monkeypatch, cat_clip, tmp_path, sheet):
    from homeward.cli import rehearse

    (tmp_path / "folder.png").mkdir()
    monkeypatch.setattr(rehearse, "_watched", pytest.fail)
    with pytest.raises(BadSettings, match=r"cannot be written") as raised:
        rehearse.rehearse((), settings(tmp_path / "data"), sheet=tmp_path / sheet, json=False)

    assert raised.value.field == "sheet"


def test_a_sheet_without_a_crop_is_not_written_which_is_said(monkeypatch, capsys, tmp_path):
    from homeward.cli import rehearse
    from homeward.watcher.camera import CameraWatch
    from tests.watcher.scenes import Finder

    old = tmp_path / "crops.png"
    old.write_bytes(b"of yesterday")
    seen = {"yard": rehearse._Seen(CameraWatch(Finder()))}
    monkeypatch.setattr(rehearse, "_watched", lambda *_: seen)
    rehearse.rehearse((), settings(tmp_path / "data"), sheet=old, json=False)

    assert capsys.readouterr().err == f"No crop, so {old} was not written.\n"
    assert old.read_bytes() == b"of yesterday"


def yards_key(run, folder):
    """Of a camera that is registered here; its secret lies in ``folder``/key."""
    run("cameras", "add", "Yard", "--lat", 57.6, "--lon", 39.85, "--camera-id", "yard")
    made = json.loads(
        run("keys", "create", "--name", "yard", "--scope", "sightings", "--camera", "yard", "--json").stdout
    )
    (folder / "key").write_text(made["secret"])
    return made


def test_without_a_server_named_the_watch_finds_the_one_of_the_data_folder(run, cat_clip, tmp_path):
    from tests.e2e.crash import Server

    server = Server(tmp_path / "data")
    server.start()
    try:
        told = run("watch", cat_clip, "--camera", "yard", "--lat", 57.6, "--lon", 39.85, "--json").stdout

        assert json.loads(told)["sent"] >= 1
    finally:
        server.stop()


@pytest.mark.parametrize("has_keys", [True, False])
def test_a_watch_that_begins_before_its_server_finds_it_wherever_it_listens(run, cat_clip, tmp_path, has_keys):
    from tests.e2e.crash import Server

    cameras = {"yard": cat_clip, "gate": "rtsp://127.0.0.1:9/x"}  # the second is tried for ever
    for name in cameras:
        run("cameras", "add", name, "--lat", 57.6, "--lon", 39.85, "--camera-id", name)
    of_each = [f'[[camera]]\nid = "{name}"\nsource = "{source}"\n' for name, source in cameras.items()]
    if has_keys:
        keys = [
            run("keys", "create", "--name", name, "--scope", "sightings", "--camera", name).stdout for name in cameras
        ]
        of_each = [f'{text}key = "{key.strip()}"\n' for text, key in zip(of_each, keys, strict=True)]
    (tmp_path / "cameras.toml").write_text("".join(of_each))
    told, server = tmp_path / "told", Server(tmp_path / "data")
    command = [*RUN, "watch", str(tmp_path / "cameras.toml"), "--data", str(tmp_path / "data")]
    with told.open("w") as file, subprocess.Popen(command, stdout=file, stderr=file) as watching:
        try:
            begun = "gate: " if has_keys else "Waiting for a server in"
            until = time.monotonic() + 120
            while begun not in told.read_text():
                assert watching.poll() is None, told.read_text()
                time.sleep(0.05)
            server.launch()
            while not json.loads(run("cameras", "sightings", "yard", "--json").stdout)["items"]:
                assert watching.poll() is None, told.read_text()
                assert time.monotonic() < until, told.read_text()
        finally:
            watching.terminate()
            if server.process is not None:
                server.stop()


def test_a_clip_becomes_a_sighting_and_the_owner_sees_it(run, cat_clip, tmp_path):
    from skimage import data

    from tests.e2e.crash import Server

    server = Server(tmp_path / "data")
    server.start()
    try:
        yards_key(run, tmp_path)
        Image.fromarray(data.cat()).save(tmp_path / "own.jpg")
        own = json.loads(run("report", "lost", tmp_path / "own.jpg", "--lat", 57.6, "--lon", 39.85, "--json").stdout)

        sent = ("watch", cat_clip, "--camera", "yard", "--server", server.url, "--data", tmp_path / "box", "--json")
        counts = json.loads(run(*sent, "--key-file", tmp_path / "key", data=False).stdout)

        assert counts["waiting"] == counts["refused"] == counts["dropped"] == 0
        (match,) = json.loads(run("matches", own["id"], "--json").stdout)["items"][:1]
        assert match["camera"]["id"] == "yard"
    finally:
        server.stop()


def test_what_the_server_has_not_taken_is_said_and_kept(monkeypatch, capsys, cat_clip, tmp_path):
    from homeward.cli import watch

    monkeypatch.setattr(watch, "SEND_LAST_S", 0.5)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # whoever runs the tests may stop them
    monkeypatch.setenv("HOMEWARD_CAMERA_KEY", "hwk_x")
    kept = {"data": tmp_path / "box", "json": True, "server": f"http://127.0.0.1:{free_port()}"}
    code = watch.watch(str(cat_clip), camera="yard", **kept)

    said = capsys.readouterr()
    assert code == 1
    assert json.loads(said.out)["waiting"] == 1
    assert "sightings that the server has not taken: 1" in said.err


def test_what_cannot_be_watched_is_said_with_exit_code_two(run, tmp_path):
    (tmp_path / "page.mp4").write_text("<html>Not found</html>")

    assert "page.mp4" in run("watch", tmp_path / "page.mp4", "--dry-run", code=2).stderr
    assert "is not there" in run("watch", tmp_path / "no.mp4", "--dry-run", code=2).stderr
    assert "has no key" in run("watch", tmp_path / "page.mp4", code=2).stderr


def closed_now():
    """Hours of a camera that this moment is not in."""
    now = datetime.now().astimezone()
    since, until = ((now + timedelta(hours=hours)).strftime("%H:%M") for hours in (2, 4))
    return f"{since}-{until}"


def test_what_a_file_says_of_each_camera_is_refused_on_the_command_line(run, cat_clip, tmp_path):
    (tmp_path / "cameras.toml").write_text(f"[[camera]]\nid = 'yard'\nsource = '{cat_clip}'")

    told = run("watch", tmp_path / "cameras.toml", "--camera", "gate", "--fps", 3, "--lat", 5, code=2).stderr
    assert "--camera, --lat, --fps" in told
    assert "under [[camera]]" in told
    (tmp_path / "cameras.toml").write_text(
        f"[[camera]]\nid = 'yard'\nsource = '{cat_clip}'\nschedule = '{closed_now()}'\ndetect_px = 320"
    )
    assert "1 crop would be sent" in run("watch", tmp_path / "cameras.toml", "--dry-run").stdout


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--fps", "-2"), "fps must be a number"),
        (("--window", "0"), "window_s must be"),
        (("--lat", "200"), "lat must be"),
        (("--hardware", "magic"), "hardware must be auto, none"),
        (("--camera", "My Yard"), "cannot be a camera's id"),
        (("--sheet", "crops.png"), "--dry-run"),
        (("--dry-run", "--show"), "--show does nothing"),
    ],
)
def test_an_option_that_means_nothing_is_refused(run, cat_clip, options, told):
    assert told in run("watch", cat_clip, *options, code=2).stderr


def test_a_mistyped_address_does_not_show_its_password(run):
    told = run("watch", "rtsp//user:hunter2@10.0.0.5/1", code=2).stderr

    assert "is not there" in told
    assert "hunter2" not in told


def test_several_cameras_are_rehearsed_and_one_that_fails_is_said(run, cat_clip, tmp_path):
    (tmp_path / "page.mp4").write_text("<html>")
    cameras = "".join(f"[[camera]]\nid = '{n}'\nsource = '{p}'\n" for n, p in (("a", cat_clip), ("b", "page.mp4")))
    (tmp_path / "cameras.toml").write_text(cameras)

    done = run("watch", tmp_path / "cameras.toml", "--dry-run", "--json")
    assert {item["camera"] for item in json.loads(done.stdout)["items"]} == {"a"}
    assert "b: " in done.stderr


def test_a_rehearsal_ends_where_a_clip_has_ended_and_the_other_camera_is_lost(run, cat_clip, tmp_path):
    from tests.watcher.streams import Nowhere, served

    with served(Nowhere) as port:
        both = (("a", cat_clip), ("b", f"http://127.0.0.1:{port}/b"))
        (tmp_path / "cameras.toml").write_text("".join(f"[[camera]]\nid = '{n}'\nsource = '{s}'\n" for n, s in both))
        done = run("watch", tmp_path / "cameras.toml", "--dry-run", "--json")

    assert {item["camera"] for item in json.loads(done.stdout)["items"]} == {"a"}
    assert done.stderr.count("b: ") == 1


def test_a_rehearsal_that_breaks_off_shows_what_was_seen_until_then(run, tmp_path):
    from tests.watcher.scenes import yard
    from tests.watcher.streams import h264, spoil

    clip = spoil(h264(tmp_path / "yard.mp4", [yard(n % 5) for n in range(160)]), range(20, 160))
    done = run("watch", clip, "--dry-run", "--json", code=2)

    assert json.loads(done.stdout)["frames"] >= 3
    assert "It is no video, or was not copied to its end." in done.stderr


@pytest.mark.shared
def test_the_dog_on_a_street_camera_is_found_and_sent(run, shared):
    clip = shared / "data/clips/resqpet_cctv/cam_05.mp4"

    told = json.loads(run("watch", clip, "--dry-run", "--json", "--fps", 30).stdout)

    assert told["frames_with_animal"] >= 0.85 * 184
    assert 1 <= len(told["items"]) <= 4
    assert {item["species"] for item in told["items"]} == {"dog"}


def test_on_the_servers_machine_a_camera_needs_no_key_and_many_come_from_a_file(run, cat_clip, tmp_path):
    from tests.e2e.crash import Server

    server = Server(tmp_path / "data")
    server.start()
    try:
        (tmp_path / "words.mp4").write_text("just words")
        (tmp_path / "cameras.toml").write_text(f"""
            server = "{server.url}"
            [[camera]]
            id = "yard"
            source = "yard.mp4"
            lat = 57.6
            lon = 39.85
            [[camera]]
            id = "gate"
            source = "words.mp4"
            lat = 57.61
            lon = 39.85
        """)
        done = run("watch", tmp_path / "cameras.toml", "--json", code=2)
        told = json.loads(done.stdout)
        again = json.loads(run("watch", tmp_path / "cameras.toml", "--json", code=2).stdout)

        assert {item["camera"]: item["state"] for item in told["items"]} == {"yard": "ended", "gate": "failed"}
        assert "gate: failed" in done.stderr
        assert told["sent"] >= 1
        assert again["sent"] >= told["sent"]
        assert len(json.loads(run("keys", "list", "--json").stdout)["items"]) == len(told["items"]) + 1
        key = tmp_path / "data" / "camera-keys" / "yard.key"
        assert key.stat().st_mode & 0o077 == 0

        far = ("--server", server.url, "--key-file", key)
        (sent,) = json.loads(run("cameras", "sightings", "yard", "--json", "--photos", tmp_path / "out", *far).stdout)[
            "items"
        ][:1]
        assert (tmp_path / "out" / f"{sent['id']}.jpg").read_bytes()[:2] == b"\xff\xd8"
        assert sent["id"] in run("cameras", "sightings", "yard", "--days", 7, *far).stdout
        assert sent["id"] not in run("cameras", "sightings", "yard", "--days", 0.000001, *far).stdout
        assert "--days" in run("cameras", "sightings", "yard", "--days", -1, *far, code=2).stderr
        run("cameras", "erase-sighting", "yard", sent["id"], *far)
        run("cameras", "pause", "yard", *far)
        assert "paused" in run("cameras", "list").stdout
        run("cameras", "resume", "yard", *far)
        assert "paused" not in run("cameras", "list").stdout
    finally:
        server.stop()


def test_in_a_terminal_a_live_table_shows_how_each_camera_is(tmp_path):
    from tests.watcher.scenes import yard
    from tests.watcher.streams import h264

    clip = h264(tmp_path / "yard.mp4", [yard(n % 5) for n in range(75)])
    lost = tmp_path / "lost [b]"
    lost.mkdir()
    (lost / "a.jpg").write_bytes(b"no picture")
    sources = {"yard": clip, "shed": lost}
    cameras = "".join(f'[[camera]]\nid = "{name}"\nsource = "{source}"\n' for name, source in sources.items())
    (tmp_path / "all.toml").write_text(f'server = "http://127.0.0.1:9"\n{cameras}')
    arguments = ["watch", tmp_path / "all.toml", "--realtime"]
    ours, theirs = pty.openpty()
    keys = {f"HOMEWARD_CAMERA_KEY_{name.upper()}": "hwk_x" for name in sources}
    wide = {"TERM": "xterm-256color", "COLUMNS": "400", "LINES": "40"}  # so wide that no path is broken
    env = {**os.environ, **keys, "HOMEWARD_LANG": "en", **wide}
    watching = subprocess.Popen(
        [*RUN, *map(str, arguments), "--data", str(tmp_path / "box")], stderr=theirs, stdout=subprocess.PIPE, env=env
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # what a terminal says at its end
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    watching.communicate(timeout=60)

    told = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    rows = [[cell.strip() for cell in line.split("│")] for line in told.splitlines() if "│" in line]
    assert "live" in {row[2] for row in rows if row[1] == "yard"}
    assert max(int(row[5]) for row in rows if row[1] == "yard") > 0
    assert any("lost [b]" in row[9] for row in rows if row[1] == "shed")
    assert "waiting" in told


def test_a_revoked_key_ends_the_watch_with_what_to_do_and_exit_code_two(run, cat_clip, tmp_path):
    from tests.e2e.crash import Server

    server = Server(tmp_path / "data")
    server.start()
    try:
        made = yards_key(run, tmp_path)
        run("keys", "revoke", made["id"])
        sent = ("watch", cat_clip, "--camera", "yard", "--server", server.url, "--data", tmp_path / "box", "--realtime")
        done = run(*sent, "--key-file", tmp_path / "key", data=False, code=2)
    finally:
        server.stop()

    assert "yard: " in done.stderr
    assert "The server refuses its key." in done.stderr
    assert "homeward keys create --name yard" in done.stderr


def test_where_no_camera_can_ever_be_read_the_watch_ends_with_exit_code_two(run, tmp_path):
    (tmp_path / "words.mp4").write_text("just words")
    (tmp_path / "key").write_text("hw_x_y")
    watched = ("watch", tmp_path / "words.mp4", "--camera", "yard", "--key-file", tmp_path / "key")

    done = run(*watched, "--server", "http://127.0.0.1:9", code=2)
    assert "words.mp4" in done.stderr
    (tmp_path / "cameras.toml").write_text('[[camera]]\nid = "yard"\nsource = "rtsp://h/1"\ncolour = "red"\n')
    assert "yard has an unknown key colour" in run("watch", tmp_path / "cameras.toml", code=2).stderr


def test_without_the_video_extra_it_is_said_what_to_install(monkeypatch, tmp_path):
    from homeward.cli import watch

    monkeypatch.setattr(watch, "find_spec", lambda name: None)
    with pytest.raises(BadSettings) as raised:
        watch.watch("yard.mp4", data=tmp_path)
    assert "homeward[video]" in raised.value.hint


def test_what_is_written_is_the_users_alone(run, photos, tmp_path):
    run("report", "lost", photos / "own.jpg", *KEEP, "--lat", 57.6, "--lon", 39.85)
    run("backup", tmp_path / "saved.tar")

    for path in (tmp_path / "data", tmp_path / "data" / "homeward.sqlite", tmp_path / "saved.tar"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.fixture
def rows(tmp_path):
    """A data folder with a database, as a first start leaves it."""
    SqlDatabase.open(tmp_path / "data" / "homeward.sqlite").close()


def test_the_doctor_finds_a_folder_that_others_may_look_into(run, rows, tmp_path):
    (tmp_path / "data").chmod(0o755)

    told = json.loads(run("doctor", "--json").stdout)["checks"]

    (private,) = [each for each in told if each["name"] == "private"]
    assert (private["state"], private["mend"]) == ("warn", f"chmod -R go-rwx {tmp_path / 'data'}")


@pytest.mark.parametrize("harm", ["no database at all", "newer tables", "rows that went elsewhere"])
def test_the_doctor_looks_on_where_the_database_is_hurt(run, rows, tmp_path, harm):
    file = tmp_path / "data" / "homeward.sqlite"
    if harm == "no database at all":
        for beside in tmp_path.glob("data/homeward.sqlite-*"):
            beside.unlink()
        file.write_bytes(b"rubbish" * 1000)
    else:
        with closing(sqlite3.connect(file)) as connection, connection:
            if harm == "newer tables":
                connection.execute("UPDATE alembic_version SET version_num = '9999'")
            else:
                connection.execute("INSERT INTO facts VALUES ('closed', '{\"into\": \"db\"}')")

    told = {each["name"]: each for each in json.loads(run("doctor", "--json", code=1).stdout)["checks"]}

    failed = {"no database at all": "database", "newer tables": "tables", "rows that went elsewhere": "moved"}[harm]
    assert [name for name, each in told.items() if each["state"] == "fail"] == [failed]
    assert told["embedder homeward-embedder-3"]["state"] == "ok", "the look goes on"


def test_a_database_that_is_silent_is_told_once_and_the_models_are_looked_at(run):
    url = f"postgresql://u:p@127.0.0.1:{free_port()}/d"

    checks = json.loads(run("doctor", "--json", code=1, HOMEWARD_DATABASE_URL=url).stdout)["checks"]
    told = {each["name"]: each for each in checks}

    assert [name for name, each in told.items() if each["state"] == "fail"] == ["database"]
    assert told["embedder homeward-embedder-3"]["state"] == "ok"


def test_a_database_file_without_tables_wants_no_backup(run, tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "homeward.sqlite").touch()

    told = {each["name"]: each for each in json.loads(run("doctor", "--json").stdout)["checks"]}

    assert (told["tables"]["state"], told["tables"]["mend"]) == ("warn", "homeward serve makes them")


def test_what_the_machine_refuses_is_one_line(run, rows, tmp_path):
    for command, file in (("backup", "where.tar"), ("export", "where.jsonl")):
        told = run(command, tmp_path / "no" / file, code=2).stderr.splitlines()
        assert told == [
            f"homeward: There is no folder {tmp_path / 'no'}. (target)", "  Make it, or name another."
        ]  # fmt: skip
    (tmp_path / "homeward.toml").write_text("port = = 3\n")
    assert "homeward.toml is not TOML" in run("doctor", code=2).stderr


def test_links_lead_to_the_port_that_is_listened_on(run, photos):
    told = run("report", "lost", photos / "own.jpg", *KEEP, HOMEWARD_PORT="8123").stdout
    assert "http://127.0.0.1:8123/lost/" in told
    told = run("report", "lost", photos / "own.jpg", *KEEP, HOMEWARD_PUBLIC_URL="https://pets.example.org").stdout
    assert "https://pets.example.org/lost/" in told


def test_a_camera_that_has_fallen_silent_is_not_called_live(run, tmp_path):
    run("cameras", "add", "Yard", "--lat", 57.6, "--lon", 39.85, "--camera-id", "yard")
    heard = int((datetime.now(UTC) - timedelta(minutes=5)).timestamp() * 1e6)
    with closing(sqlite3.connect(tmp_path / "data" / "homeward.sqlite")) as rows, rows:
        rows.execute("UPDATE cameras SET state = 'live', last_heartbeat_at = ?", (heard,))

    assert "silent" in run("cameras", "list").stdout


def test_what_a_watch_cannot_do_is_said_before_it_starts(run, cat_clip, tmp_path):
    assert "no address of a server" in run("watch", cat_clip, "--server", "foo", code=2).stderr
    paused = ["cameras", "pause", "yard", "--key-file", tmp_path / "key"]
    assert "no address of a server. (server)" in run(*paused, "--server", "http://[::1", code=2).stderr
    assert (
        "no name of a picture" in run("watch", cat_clip, "--dry-run", "--sheet", "crops.xyz", code=2, data=False).stderr
    )
    told = run("watch", cat_clip, code=2, HOMEWARD_CAMERA_KEY="ключ").stderr
    assert "camera: This is no key." in told
    assert "ключ" not in told


def test_a_damaged_database_and_a_wrong_token_are_said_before_anything_is_served(run, rows, tmp_path):
    assert "This is no bot token." in run("serve", "--port", 0, code=2, HOMEWARD_TELEGRAM_TOKEN="bad").stderr
    for beside in tmp_path.glob("data/homeward.sqlite-*"):
        beside.unlink()
    (tmp_path / "data" / "homeward.sqlite").write_bytes(b"rubbish" * 1000)

    told = run("serve", "--port", 0, code=1).stderr

    assert "The database file is damaged." in told
    assert "Traceback" not in told


def test_the_doctor_names_what_is_no_setting(run):
    answer = run("doctor", "--json", HOMEWARD_PROT="1")

    told = {each["name"]: each for each in json.loads(answer.stdout)["checks"]}
    assert not answer.stderr
    assert told["environment"]["finding"] == "no settings: HOMEWARD_PROT (HOMEWARD_PORT?)"


@pytest.mark.parametrize(
    "command",
    [
        ["serve", "--port", "99999"],
        ["work"],
        ["watch", "nothing.mp4"],
        ["bot"],
        ["migrate", "--from", "sqlite", "--to", "postgres"],
        ["matches", "x"],
    ],
    ids=lambda command: command[0],
)
def test_a_mistyped_setting_is_said_once_with_the_right_name(run, command):
    told = run(*command, code=2, HOMEWARD_PROT="1", HOMEWARD_CAMERA_KEY_YARD="x", HOMEWARD_ZZZZ="1").stderr.splitlines()

    assert [line for line in told if "HOMEWARD_PROT" in line] == [
        "homeward: HOMEWARD_PROT is no setting and counts for nothing; HOMEWARD_PORT is one."
    ]
    assert [line for line in told if "HOMEWARD_ZZZZ" in line] == [
        "homeward: HOMEWARD_ZZZZ is no setting and counts for nothing; docs/reference/settings.md has all."
    ]
    assert not [line for line in told if "CAMERA_KEY" in line]


@pytest.mark.parametrize(
    "wrong",
    [{"SMTP_URL": "mail.example.org"}, {"TELEGRAM_TOKEN": "abc"}, {"SMTP_URL": "smtp://a", "EMAIL_FROM": "foo"}],
)
def test_the_doctor_refuses_what_serving_refuses(run, wrong):
    told = run("doctor", "--json", code=1, **{f"HOMEWARD_{name}": value for name, value in wrong.items()})

    assert {each["name"]: each["state"] for each in json.loads(told.stdout)["checks"]}["messengers"] == "fail"


def test_an_empty_setting_is_none(run):
    told = run("doctor", data=False, HOMEWARD_DATA="", HOMEWARD_PORT="")

    assert "homeward-data" in told.stdout
    assert "HOMEWARD_PORT" not in told.stdout + told.stderr


def test_a_mistyped_folder_is_said_and_none_is_made(run, photos):
    for command in (
        ["matches", "x"],
        ["erase", "x"],
        ["cameras", "list"],
        ["export", photos / "out"],
        ["keys", "create", "--name", "a", "--scope", "admin"],
        ["migrate", "photos", "--to", "folder"],
        ["migrate", "--from", "sqlite", "--to", "postgres"],
    ):
        assert "There is no data of Homeward in" in run(*command, code=2).stderr
    assert not (photos / "data").exists()


def test_beside_postgresql_too_a_mistyped_folder_is_said_and_none_is_made(run, photos):
    elsewhere = {"HOMEWARD_DATABASE_URL": f"postgresql://u:p@127.0.0.1:{free_port()}/d"}
    for command in (["cameras", "list"], ["export", photos / "out"], ["report", "lost", photos / "own.jpg", *KEEP]):
        assert "There is no data of Homeward in" in run(*command, code=2, **elsewhere).stderr
    assert not (photos / "data").exists()
    (photos / "data").mkdir()
    assert "PostgreSQL does not answer" in run("cameras", "list", code=1, **elsewhere).stderr


def test_the_picture_that_cannot_be_read_is_named(run, photos):
    (photos / "bad.jpg").write_bytes(b"no picture")
    answer = run("report", "lost", photos / "own.jpg", photos / "bad.jpg", *KEEP, code=2)
    assert "Photo 2 of 2: The file is not a JPEG" in answer.stderr
    for animal in ("rex", "tom"):
        (photos / "pets" / animal).mkdir(parents=True)
        for name in ("a.jpg", "b.jpg"):
            (photos / "pets" / animal / name).write_bytes(photo(1))
    (photos / "pets" / "tom" / "b.jpg").write_bytes(b"no picture")
    answer = run("evaluate", "reid", photos / "pets", code=2, data=False)
    assert "tom/b.jpg: The file is not a JPEG" in answer.stderr


def test_a_damaged_photo_is_left_out_of_a_backup_which_says_so(run, photos, tmp_path):
    run("report", "lost", photos / "own.jpg", *KEEP)
    run("report", "found", photos / "other.jpg", *KEEP)
    hurt = next((tmp_path / "data" / "photos").rglob("*.jpg"))
    hurt.write_bytes(hurt.read_bytes()[:-1] + b"?")
    told = run("backup", tmp_path / "x.tar", code=1).stdout
    assert f"1 photos are damaged and were left out: {hurt.stem}" in told
    back = ["--data", tmp_path / "back"]
    assert "2 reports and 1 photos" in run("restore", tmp_path / "x.tar", *back, data=False).stdout
    hurt.unlink()
    exported = run("export", tmp_path / "out.jsonl", "--photos")
    assert "is not there and was left out" in exported.stderr
    assert "2 reports in" in exported.stdout
    (tmp_path / "data" / "homeward.sqlite").write_bytes(b"no database" * 1000)
    assert "cannot be copied" in run("backup", tmp_path / "y.tar", code=1).stderr


def test_a_backup_without_photos_that_rows_name_is_written_and_fails_so_that_older_ones_are_kept(run, photos, tmp_path):
    run("report", "lost", photos / "own.jpg", *KEEP)
    next((tmp_path / "data" / "photos").rglob("*.jpg")).unlink()

    told = run("backup", tmp_path / "x.tar", code=1)

    assert "1 photos that rows name were not there" in told.stdout
    assert "Keep the older ones" in told.stderr
    assert (tmp_path / "x.tar").exists()


def test_what_is_no_backup_leaves_no_folder_behind(run, tmp_path):
    (tmp_path / "b.tar").write_bytes(b"no backup")

    assert "cannot be read as a backup" in run("restore", tmp_path / "b.tar", code=2).stderr

    assert not (tmp_path / "data").exists()


def test_a_demo_without_pictures_says_so_and_leaves_the_last_one_alone(run, photos, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / MARKER).touch()
    (tmp_path / "data" / "kept").touch()
    (tmp_path / "none").mkdir()

    assert "There are no photos of pets" in run("demo", "--photos", tmp_path / "none", code=2).stderr
    run("demo", "--photos", tmp_path / "none", "--data", tmp_path / "new", data=False, code=2)

    assert (tmp_path / "data" / "kept").exists()
    assert not (tmp_path / "new").exists()


def test_what_a_spreadsheet_saved_otherwise_is_said(run, tmp_path):
    (tmp_path / "pets.csv").write_bytes("name;photos\nБарсик;a.jpg\n".encode("cp1251"))
    assert "pets.csv is not in UTF-8." in run("import", tmp_path / "pets.csv", code=2).stderr


def test_a_backup_that_is_not_there_is_said_and_no_folder_is_made(run, tmp_path):
    told = run("restore", tmp_path / "mistyped.tar", code=2).stderr

    assert told == f"homeward: There is no {tmp_path / 'mistyped.tar'}. (source)\n"
    assert not (tmp_path / "data").exists()


def test_a_setting_that_is_no_list_is_named(run):
    told = run("doctor", code=2, HOMEWARD_TRUSTED_PROXIES="127.0.0.1").stderr
    assert "HOMEWARD_TRUSTED_PROXIES" in told
    assert "HOMEWARD_TRUSTED_PROXIES must be a JSON list. (trusted_proxies)" in told
    assert """written like this: HOMEWARD_TRUSTED_PROXIES='["one", "two"]'.""" in told
    told = run("doctor", code=2, HOMEWARD_MODEL_BATCHING="nope").stderr
    assert "HOMEWARD_MODEL_BATCHING must be a JSON object. (model_batching)" in told


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("TRUSTED_PROXIES", '["proxy"]', "must be an address or a network, not 'proxy'."),
        ("TRUSTED_PROXIES", '["10.0.0.1/8"]', "must be an address or a network, not '10.0.0.1/8', but 10.0.0.0/8."),
        ("PORT", "many", "must be a whole number, not 'many'."),
        ("PORT", "99999", "must be 65535 or less, not '99999'."),
        ("ALERT_DEGREE", "-1", "must be 0 or more, not '-1'."),
        ("TELEGRAM_WEBHOOK", "perhaps", "must be true or false, not 'perhaps'."),
        ("LOG_LEVEL", "loud", "must be 'debug', 'info', 'warning' or 'error', not 'loud'."),
        ("PUBLIC_URL", "pets.example.org", "must be a whole address, with https:// or the like in front."),
        ("PUBLIC_URL", "ftp://u:secret@pets", "must be an address that begins with http:// or https://."),
        ("TELEGRAM_ADMINS", '["me"]', "must be a whole number, not 'me'."),
        ("MODEL_BATCHING", '{"a": {"max_batch": 0}}', ", a, is refused: max_batch must be 1 to 256."),
        ("MODEL_BATCHING", '{"a": {"most": 0}}', ", a.most, must be left out: there is no such word."),
    ],
)
def test_a_refused_setting_is_told_in_our_words_with_what_it_is_for(run, name, value, why):
    told = run("doctor", code=2, **{f"HOMEWARD_{name}": value}).stderr

    assert re.search(rf"HOMEWARD_{name} ?{re.escape(why)} \({name.lower()}\)\n  \w", told)
    assert "secret" not in told


def test_what_is_wrong_with_a_setting_is_said_of_it_in_plain_words(run, tmp_path):
    told = run("doctor", code=2, HOMEWARD_MAP_STYLE="foo").stderr
    assert "HOMEWARD_MAP_STYLE must be a whole address" in told
    assert "There is no such setting" not in told
    assert told.count("wrap") == 0

    told = run("serve", code=2, HOMEWARD_DISTRICTS=str(tmp_path / "no.geojson")).stderr
    assert f"{tmp_path / 'no.geojson'} cannot be read as districts: No such file or directory. (districts)" in told

    (tmp_path / "homeward.toml").write_text("portt = 3\n")
    assert "There is no such setting, but port; see docs/reference/settings.md." in run("doctor", code=2).stderr
    (tmp_path / "homeward.toml").write_text("zzzz = 3\n")
    assert "There is no such setting; see docs/reference/settings.md." in run("doctor", code=2).stderr


def test_the_doctor_says_of_a_qdrant_that_is_silent_where_it_was_looked_for(run):
    told = run("doctor", "--json", code=1, HOMEWARD_INDEX_URL="http://127.0.0.1:9").stdout

    (index,) = [each for each in json.loads(told)["checks"] if each["name"] == "index"]
    assert index["mend"] == "See whether Qdrant runs at http://127.0.0.1:9"


def test_where_nothing_can_be_listened_on_is_said_once_with_the_reason(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = run("serve", "--port", port, code=1).stderr
    refused, advice = told.splitlines()
    assert refused == f"homeward: Port {port} cannot be used. (port)"
    assert advice.startswith("  Another program listens there;")

    told = run("serve", "--port", 0, "--host", "192.0.2.1", code=2).stderr.splitlines()
    assert told[0] == "homeward: 192.0.2.1 is no address of this machine. (host)"


def test_a_server_on_an_address_of_ipv6_is_found_where_it_says_that_it_is():
    assert urlsplit(address("::1", 8000)).port == 8000
    assert urlsplit(address("127.0.0.1", 8000)).port == 8000


def test_a_key_of_two_lines_and_a_port_out_of_range_are_refused(run, cat_clip, tmp_path):
    (tmp_path / "key").write_text("ab\ncd")
    afar = ["--server", "http://127.0.0.1:9", "--key-file", tmp_path / "key"]
    assert "This is no key." in run("cameras", "pause", "yard", *afar, code=2).stderr
    assert "yard: This is no key." in run("watch", cat_clip, "--camera", "yard", *afar, code=2).stderr
    run("watch", cat_clip, "--camera", "yard", "--port", 99999, code=2)
    assert "(spool_mb)" in run("watch", cat_clip, "--camera", "yard", "--spool-mb", -5, code=2).stderr


def test_a_file_that_holds_no_key_is_said(monkeypatch, tmp_path):
    from homeward.cli.watch import _key
    from homeward.watcher.config import CameraConfig, WatchConfig

    monkeypatch.delenv("HOMEWARD_CAMERA_KEY", raising=False)
    (tmp_path / "k.empty").write_text("\n")
    camera = CameraConfig("yard", "rtsp://10.0.0.5/1", key_file=tmp_path / "k.empty")
    with pytest.raises(BadSettings, match=r"k\.empty holds no key\.") as raised:
        _key(camera, "http://127.0.0.1:9", WatchConfig((camera,)), settings(tmp_path / "data"))

    assert raised.value.message.startswith("yard: ")
    assert raised.value.field == "key_file"


def test_a_port_that_is_taken_is_said_before_the_server_hears_of_the_camera(run, cat_clip, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = run(
            "watch", cat_clip, "--camera", "yard", "--server", "http://127.0.0.1:9", "--port", port, code=2
        ).stderr

    assert told.startswith(f"homeward: Port {port} is taken. (port)\n")
    assert not (tmp_path / "data").exists()


def test_a_folder_for_clips_that_takes_none_is_refused_before_anything_starts(run, cat_clip, tmp_path):
    told = run("watch", cat_clip, "--camera", "yard", "--record", cat_clip, code=2).stderr

    assert "takes no clips. (record)" in told
    assert not (tmp_path / "data").exists()


def test_numbers_that_are_none_are_refused(run):
    answer = run("cameras", "add", "yard", "--lat", "nan", "--lon", 39, code=2)
    assert "lat must be between -90 and 90. (lat or lon)" in answer.stderr
    assert "(seconds)" in run("models", "bench", "--seconds", "-1", code=2, data=False).stderr


def test_a_spool_that_cannot_be_used_ends_the_watch_in_one_line(run, cat_clip, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "spool.sqlite").write_bytes(b"no database" * 1000)
    watched = [cat_clip, "--camera", "yard", "--server", "http://127.0.0.1:1"]
    answer = run("watch", *watched, code=2, HOMEWARD_CAMERA_KEY="hwk_x")
    assert "spool.sqlite cannot be used" in answer.stderr
