"""Who asks: a proxy's word counts only where the proxy is trusted."""

import pytest
from starlette.requests import Request

from homeward.api.limits import address
from homeward.errors import BadSettings
from homeward.settings import load


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "asks"),
    [
        ([], "10.0.0.7", "203.0.113.9", "10.0.0.7"),
        (["10.0.0.7"], "10.0.0.7", "203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "10.200.3.4", "203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "203.0.113.1", "203.0.113.9", "203.0.113.1"),  # anybody can say so
        (["10.0.0.0/8"], "10.0.0.7", "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the first is what the caller wrote
        (["10.0.0.0/8"], "10.0.0.7", "203.0.113.9, 10.0.0.8", "203.0.113.9"),  # two proxies in a row
        (["10.0.0.0/8"], "10.0.0.7", "10.0.0.9, 10.0.0.8", "10.0.0.9"),  # somebody within the house
        (["10.0.0.0/8"], "::ffff:10.0.0.7", "203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.7", "::ffff:203.0.113.9", "203.0.113.9"),  # IPv4, as some proxies write it
        ([], "::ffff:203.0.113.9", "", "203.0.113.9"),  # and a socket that takes both kinds
        (["fd00::/8"], "fd00::1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (["10.0.0.0/8"], "10.0.0.7", "", "10.0.0.7"),
        (["10.0.0.0/8"], "10.0.0.7", "<script>", "<script>"),
    ],
)
def test_the_address_of_whoever_asks(monkeypatch, tmp_path, trusted, peer, forwarded, asks):
    settings = load(data=tmp_path, trusted_proxies=trusted)
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    request = Request({"type": "http", "client": (peer, 1), "headers": headers})

    assert address(request, settings.trusted_proxies) == asks


def test_what_is_neither_an_address_nor_a_network_is_refused_at_the_start(tmp_path):
    with pytest.raises(BadSettings, match="HOMEWARD_TRUSTED_PROXIES") as refused:
        load(data=tmp_path, trusted_proxies=["the proxy"])

    assert "10.0.0.0/8" in refused.value.hint
