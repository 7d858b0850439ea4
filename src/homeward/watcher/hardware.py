"""Hardware: which of FFmpeg's decoders works on this machine, found by opening it. Never fails."""

from collections.abc import Callable, Sequence
from functools import cache

import structlog

AUTO, NONE = "auto", "none"
BEST_FIRST = ("cuda", "videotoolbox", "d3d11va", "vaapi", "qsv")
CODEC = "h264"  # what cameras send; one that has no hardware for it is of little use
log = structlog.get_logger(__name__)


def names() -> tuple[str, ...]:
    """Those that this build of FFmpeg knows, the likeliest to work first."""
    from av.codec.hwaccel import hwdevices_available

    known = hwdevices_available()
    return (*(name for name in BEST_FIRST if name in known), *(name for name in known if name not in BEST_FIRST))


def opens(name: str) -> bool:
    """Whether a decoder on this device can be opened here."""
    import av
    from av.codec.hwaccel import HWAccel

    try:
        decoder = av.CodecContext.create(CODEC, "r", hwaccel=HWAccel(name, allow_software_fallback=False))
        decoder.open()
    except (av.FFmpegError, OSError, ValueError, NotImplementedError, RuntimeError):
        return False
    return bool(decoder.is_hwaccel)


def chosen(wanted: str, known: Sequence[str], works: Callable[[str], bool]) -> str | None:
    """The first device that works: the one that is ``wanted``, or of all ``known`` where that is `AUTO`."""
    if wanted == NONE:
        return None
    return next((name for name in (known if wanted == AUTO else [wanted]) if works(name)), None)


@cache
def probed(wanted: str) -> str | None:
    """`chosen` on this machine, looked for once in a process, and said in one line of the log."""
    if wanted == NONE:
        return None
    known = names()
    found = chosen(wanted, known, opens)
    if found is None:
        tried = ", ".join(known) if wanted == AUTO else wanted
        log.warning("no hardware decodes here, the processor does", tried=tried)
    else:
        log.info("hardware decodes", device=found)
    return found
