"""Text as somebody sent it in, the same without signs that turn round what stands after it on a page out."""

TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Embeddings, overrides and isolates of Unicode; telephones put them around numbers. Mere marks of direction stay."""


def unturned(text: str) -> str:
    """Whoever reads it reads what comes after it from the side where it begins."""
    return text.translate(TURNING)
