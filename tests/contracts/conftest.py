import pytest

from .rows import KINDS, opened


@pytest.fixture(params=KINDS)
def handles(request):
    """A database, and what opens it once more."""
    with opened(request.param, request) as made:
        yield made


@pytest.fixture
def database(handles):
    return handles[0]
