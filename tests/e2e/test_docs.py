import re
from pathlib import Path

import pytest

from docs.generate import PROTOCOL, ROOT, compiled_protocol, pages


@pytest.mark.parametrize("path", sorted(pages()), ids=lambda path: path.name)
def test_a_generated_page_says_what_the_code_says(path):
    assert path.read_text(encoding="utf-8") == pages()[path], "run `make docs`"


def http_sections():
    """Of the page of the HTTP interface, by method and path."""
    page = pages()[ROOT / "docs" / "reference" / "http.md"]
    return {section.partition("\n")[0]: section for section in page.split("\n## ")[1:]}


def test_the_page_of_the_http_interface_names_every_field_of_a_form():
    sections = http_sections()

    report = sections["POST /api/v1/reports"]
    assert "| `shelf` | `lost`, `found` | yes | lost or found |" in report
    assert "| `lat` | number | | latitude of where it was last seen or found, degrees |" in report
    assert "| `listed` | boolean | |" in report
    assert "| `happened_at` | date-time | |" in report
    assert "| `photo` | 1 to 10 files | yes |" in report
    assert "| `photo` | 1 file | yes |" in sections["POST /api/v1/sightings"]
    assert "| `photo` | 1 file | |" in sections["POST /api/v1/handovers/{handover_id}/messages"]


def test_the_page_of_the_http_interface_names_every_field_of_a_json_body():
    sections = http_sections()

    verdict = sections["PUT /api/v1/lost/{lost_id}/matches/{found_id}/verdict"]
    assert "| `verdict` | `same`, `different`, `unsure` | yes |" in verdict
    assert "| `close` | boolean, default `false` | | with same" in verdict
    assert "absent stays, null empties" in sections["PATCH /api/v1/reports/{report_id}"]
    assert "| `held` | `held`, `seen_loose` or null | |" in sections["PATCH /api/v1/reports/{report_id}"]
    assert "| `limit` | integer from 1 to 200, default `50` | |" in sections["POST /api/v1/alerts/claim"]
    assert "| `kind` | `scam`, `no_animal`," in sections["POST /api/v1/board/{report_id}/complaints"]
    assert "| `keys` | object of `p256dh`, `auth` | yes |" in sections["PUT /api/v1/reports/{report_id}/push"]
    assert "| `ids` | list of string of 1 to 64 characters | yes |" in sections["POST /api/v1/reports/{report_id}/seen"]


def test_the_page_of_the_http_interface_names_every_parameter_of_a_query():
    sections = http_sections()

    matches = sections["GET /api/v1/lost/{lost_id}/matches"]
    assert "| `source` | query | `person`, `camera` | only what" in matches
    assert "| `district` | query | list of string | only these districts; may be repeated |" in matches
    assert "| `limit` | query | integer from 1 to 200, default `50` | how many at most |" in matches
    assert "| `since` | query | date-time |" in sections["GET /api/v1/cameras/{camera_id}/sightings"]
    assert "| `flagged` | query | boolean, default `false` |" in sections["GET /api/v1/desk/reports"]


def test_the_page_of_the_http_interface_says_what_every_field_means():
    page = pages()[ROOT / "docs" / "reference" / "http.md"]

    rows = [line for line in page.splitlines() if line.startswith("| `")]

    assert len(rows) > 100
    assert [row for row in rows if row.endswith("|  |")] == []


def test_the_compiled_protocol_is_the_written_one():
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    shipped = FileDescriptorSet.FromString(PROTOCOL.with_suffix(".binpb").read_bytes())
    assert shipped == FileDescriptorSet.FromString(compiled_protocol()), "run `make docs`"


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "training").rglob("*.md")]


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_documents_leads_somewhere(document):
    for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target
