"""What people really have to import: sheets of their spreadsheets, folders of their phones, lists of their scripts."""

import json
import os
from pathlib import Path

import pytest

from homeward.cli.data import import_reports
from homeward.client import Client, ServerUnreachable
from homeward.errors import StorageFull
from tests.conftest import photo

KEEP = ["--species", "cat", "--keep-without-animal"]


@pytest.fixture
def imported(run, tmp_path):
    """Import a file of these bytes that stands beside ``ph/a.jpg``: the counts, the problems, and the rows kept."""
    (tmp_path / "ph").mkdir()
    (tmp_path / "ph" / "a.jpg").write_bytes(photo(1))

    def call(name, content, code=0, **env):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        told = json.loads(run("import", name, *KEEP, "--json", code=code, **env).stdout)
        (tmp_path / "out.jsonl").unlink(missing_ok=True)
        run("export", "out.jsonl", "--no-photos")
        rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
        return told["imported"], [failure["problem"] for failure in told["failed"]], rows

    return call


def test_a_sheet_as_a_spreadsheet_saves_it_where_commas_are_decimal_is_taken(imported):
    head = "\ufeffShelf;species ;lat;lon;happened_at;name;photos;\r\n"
    row = "found;cat;57,6261;39,8845;21.11.2026 18:30;Мурка;ph\\a.jpg;\r\n"

    count, problems, (kept,) = imported("PETS.CSV", head + row + ";;;;;;;\r\n" * 3, TZ="UTC-3")

    assert (count, problems) == (1, [])
    assert (kept["lat"], kept["lon"], kept["name"]) == (57.6261, 39.8845, "Мурка")
    assert kept["happened_at"].startswith("2026-11-21T15:30:00")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("21.11.2026", "2026-11-20T21:00:00"),
        ("21.11.2026 7:05:09", "2026-11-21T04:05:09"),
        ("2026-11-21 18:30", "2026-11-21T15:30:00"),
        ("2026-11-21T18:30+05:00", "2026-11-21T13:30:00"),
    ],
)
def test_a_time_without_an_offset_is_that_of_the_machine(imported, said, meant):
    *_, (kept,) = imported("pets.csv", f"happened_at\tphotos\n{said}\tph/a.jpg\n", TZ="UTC-3")

    assert kept["happened_at"].startswith(meant)


def test_a_row_with_a_cell_too_many_is_refused_and_not_taken_for_another_place(imported):
    count, problems, _ = imported("pets.csv", "lat,lon,photos\n57,62,39,88,ph/a.jpg\n", code=1)

    assert (count, problems) == (0, ["the first line names no column for '88'"])


def test_a_day_that_there_is_not_is_refused_in_the_words_of_the_api(imported):
    count, problems, _ = imported("pets.csv", "happened_at;photos\n31.02.2026;ph/a.jpg\n", code=1)

    assert (count, problems) == (0, ["happened_at must be a date and time with an offset (ISO 8601)."])


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ('{"photos": 5}', 'photos are not names of files: ["a.jpg", "b.jpg"]'),
        ('{"photos": ["a\\u0000.jpg"]}', 'photos are not names of files: ["a.jpg", "b.jpg"]'),
        ('{"photos": ["ph/a.jpg"], "name": ["Rex"]}', "name is neither text nor a number"),
    ],
)
def test_a_line_that_a_script_wrote_otherwise_is_named_and_the_others_are_taken(imported, row, problem):
    good = json.dumps({"photos": ["ph/a.jpg"], "name": "Tom"})

    count, problems, rows = imported("pets.jsonl", f"\ufeff{good}\n{row}\n", code=1)

    assert (count, problems) == (1, [problem])
    assert [kept["name"] for kept in rows] == ["Tom"]


def test_what_systems_put_beside_photos_is_no_photo_and_what_is_left_out_is_said(run, tmp_path):
    for name in ("rex/1.JPG", "tom/2.jfif", "2026/old/3.jpg", "loose.jpeg"):
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(photo(len(name), noise=ord(name[0])))
    for name in ("rex/._1.JPG", "rex/.DS_Store", "rex/Thumbs.db", "__MACOSX/._loose.jpeg", "tom/IMG_20261121"):
        (tmp_path / "pets" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(b"no photo")

    answer = run("import", "pets", *KEEP, "--json")

    assert json.loads(answer.stdout)["imported"] == 3
    within = f"import {Path('pets') / '2026'} by itself if they are one for each animal."
    assert answer.stderr.splitlines() == [
        "homeward: Files left out, as their names do not end like those of photos: 1 (tom/IMG_20261121).",
        f"homeward: Folders within 2026 are left out; {within}",
        "homeward: Reports to be filed: 3, with photos: 3.",
    ]


def test_a_folder_whose_name_a_zip_spoilt_is_imported_without_a_name(run, tmp_path):
    folder = tmp_path / "pets" / os.fsdecode("Рекс".encode("cp866"))
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(photo(1))
    (folder / "2.jpg").write_bytes(b"no photo")

    answer = run("import", "pets", "--each-photo", *KEEP, "--json", code=1)
    run("export", "out.jsonl", "--no-photos")

    told = json.loads(answer.stdout)
    assert (told["imported"], told["failed"][0]["where"]) == (1, "\ufffd\ufffd\ufffd\ufffd/2.jpg")
    assert "Folders whose names are not in UTF-8: 1; their animals get no name." in answer.stderr
    assert json.loads((tmp_path / "out.jsonl").read_text())["name"] is None


def test_an_exported_sheet_opens_as_text_in_a_spreadsheet_and_is_taken_back_as_it_was(run, tmp_path):
    (tmp_path / "a.jpg").write_bytes(photo(1))
    said = {"name": "=1+1", "description": "@SUM(A1)", "contact": "+7 900 000-00-00"}
    row = {**said, "lat": -1.5, "lon": -2.5, "photos": ["a.jpg"]}
    (tmp_path / "in.jsonl").write_text(json.dumps(row))

    run("import", "in.jsonl", *KEEP)
    run("export", "out.csv")
    run("import", "out.csv", *KEEP, "--data", tmp_path / "new", data=False)
    run("export", "back.jsonl", "--no-photos", "--data", tmp_path / "new", data=False)

    sheet = (tmp_path / "out.csv").read_bytes()
    assert sheet.startswith("\ufeff".encode()), "else Excel takes it for the machine's old code page"
    assert b",'=1+1,'@SUM(A1),'+7 900 000-00-00," in sheet
    assert b",-1.5,-2.5," in sheet
    back = json.loads((tmp_path / "back.jsonl").read_text())
    assert {name: back[name] for name in said} == said


@pytest.mark.parametrize("error", [ServerUnreachable("Nobody answers at http://127.0.0.1:8000."), StorageFull("Full.")])
def test_an_import_whose_server_is_gone_or_full_breaks_off_instead_of_failing_row_for_row(
    monkeypatch, capsys, tmp_path, error
):
    (tmp_path / "a.jpg").write_bytes(photo(1))
    row = '{"photos": ["a.jpg"]}\n'
    (tmp_path / "in.jsonl").write_text(row * 5)
    asked = []

    def gone(*_, **__):
        asked.append(1)
        if len(asked) > 2:
            raise error
        return True

    monkeypatch.setattr(Client, "report_once", gone)
    with pytest.raises(type(error)):
        import_reports(tmp_path / "in.jsonl", data=tmp_path / "data")

    told = capsys.readouterr()
    assert len(asked) == 3
    assert told.out == "imported 2, there already 0, failed 0\n"
    assert told.err.splitlines()[1:] == ["homeward: The import broke off; started again, it goes on where it stopped."]


def test_what_to_do_is_said_once_however_many_rows_want_it(run, tmp_path):
    (tmp_path / "a.jpg").write_bytes(photo(1))
    (tmp_path / "in.csv").write_text("lat;lon;photos\n" + "57.6N;39.8E;a.jpg\n" * 3)

    told = run("import", "in.csv", *KEEP, code=1).stderr.splitlines()[1:]

    what_to_do = "  Write it with digits, and with a point before decimals: 57.63."
    assert told == ["line 2: lat must be a number.", what_to_do] + [f"line {n}: lat must be a number." for n in (3, 4)]
