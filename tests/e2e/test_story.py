import pytest

from tests.e2e import story


@pytest.mark.parametrize("language", ["en", "ru"])
def test_two_people_come_together_from_two_photos(tmp_path, language):
    told = story.told(tmp_path, language)

    said = story.SAID[language]
    read_by_finder = [line.words for line in told.lines if line.who == "bot"]
    assert any(said["answer"] in words for words in read_by_finder)
    assert any(said["here"] in line.words for line in told.lines if line.who == said["owner"])
    assert not any(secret in words for words in read_by_finder for secret in story.LOST_AT)
