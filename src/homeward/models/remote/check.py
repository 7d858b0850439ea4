"""Check: asks a model service as a photo would, for `homeward doctor`. Never falls back."""

import time
from collections.abc import Callable

from homeward.models.cards import Card
from homeward.models.golden import fingerprint
from homeward.models.onnx import Runs
from homeward.models.remote.network import proven
from homeward.models.remote.service import Service

ASKED = 3


def seconds_a_picture(card: Card, service: Service, make_local: Callable[[], Runs]) -> float:
    """How long the service takes for one picture, the middle one of three tries, once it has proven itself.

    Raises:
        ModelUnavailable: nobody answers in time, the key is refused, or there is no such model.
        ModelInvalid: it runs another model under that name.
    """
    link = service.link()
    try:
        served = proven(card, link, service.timeout_s, lambda: fingerprint(card, make_local()))
        times = []
        for _ in range(ASKED):
            start_s = time.monotonic()
            fingerprint(card, served)
            times.append(time.monotonic() - start_s)
    finally:
        link.close()
    return sorted(times)[ASKED // 2]
