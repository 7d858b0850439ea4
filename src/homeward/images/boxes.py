"""Files made of boxes (ISO 14496-12), as HEIC and AVIF are: what they call themselves, and how much they list."""

from homeward.images.parts import too_many

AVIF_BRANDS = {b"avif", b"avis"}
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"heif"}
LISTS = {b"meta", b"moov"}
MAX_LISTS_BYTES = 100_000  # a phone's have some thousand
MAX_BOXES = 1000
MAX_HEAD_BYTES = 256


def brands(data: bytes) -> set[bytes]:
    """All that the file says it is; AVIF and HEIC may both begin with the word that they share. Empty: not of boxes."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4]), MAX_HEAD_BYTES)
    return {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}


def check_lists(data: bytes) -> None:
    """Refuse an AVIF file that lists more than a picture has: each thing is compared with all others.

    Sixty thousand with a million references among them, 15 MB, took libavif a minute and a half.

    Raises:
        PhotoUnreadable: its lists are longer than any camera's.
    """
    at = lists = boxes = 0
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16])
        end = at + size if size else len(data)
        boxes += 1
        if kind in LISTS:
            lists += min(end, len(data)) - at
        if lists > MAX_LISTS_BYTES or boxes > MAX_BOXES:
            raise too_many("parts")
        if end < at + 8:
            return
        at = end
