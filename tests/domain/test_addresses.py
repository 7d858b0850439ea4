import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.domain.addresses import without_secrets


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://u:p@[::1]:5/x", "rtsp://[::1]:5/x"),
        ("rtsp://[fe80::1%25eth0]/x", "rtsp://[fe80::1%25eth0]/x"),
        ("rtsp://u:p@10.0.0.5:554/x", "rtsp://10.0.0.5:554/x"),
        ("rtsp://u:p@[::1/x", "rtsp://(no address)"),
        ("rtsp://u:p@h:many/x", "rtsp://(no address)"),
    ],
)
def test_an_address_is_shown_as_it_would_be_typed(address, shown):
    assert without_secrets(address) == shown


@given(st.text("[]:@/?%.a1\u2100 "))
def test_nothing_that_somebody_types_is_too_odd_to_be_shown(rest):
    assert without_secrets(f"rtsp://{rest}")
