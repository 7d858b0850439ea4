import pytest

from .rows import opened


@pytest.fixture(params=["sql", "memory"])
def database(request, tmp_path):
    with opened(request.param, tmp_path) as made:
        yield made
