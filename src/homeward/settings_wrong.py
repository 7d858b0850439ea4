"""What is wrong with a setting: pydantic's finding in, our words out. Shows no value of a setting that may hide one."""

import ipaddress
import re
from typing import Any

NUMBERS = {
    "int_parsing": "a whole number", "int_type": "a whole number", "int_from_float": "a whole number",
    "int_parsing_size": "a smaller whole number", "float_parsing": "a number", "float_type": "a number",
    "finite_number": "a number", "bool_parsing": "true or false", "bool_type": "true or false",
}  # fmt: skip
BOUNDS = {
    "greater_than_equal": "{ge:g} or more", "less_than_equal": "{le:g} or less", "greater_than": "more than {gt:g}",
    "literal_error": "{expected}",
}  # fmt: skip
KINDS = {
    "url_parsing": "a whole address, with https:// or the like in front",
    "url_type": "a whole address, with https:// or the like in front",
    "url_scheme": "an address that begins with {expected_schemes}",
    "tuple_type": "a JSON list", "dict_type": "a JSON object", "dataclass_type": "a JSON object",
    "string_type": "a text", "path_type": "a path", "string_too_long": "at most {max_length} characters long",
    "unexpected_keyword_argument": "left out: there is no such word",
}  # fmt: skip


def why(finding: Any) -> str:
    """The rest of a sentence about the setting: what it must be, and what it is where that is no secret."""
    kind, context, given = finding["type"], finding.get("ctx", {}), finding["input"]
    wanted = {**NUMBERS, **BOUNDS}.get(kind)
    if wanted is not None:
        return f"must be {wanted.format(**context)}, not {given!r:.80}"
    if kind == "ip_any_network":
        return f"must be an address or a network, not {given!r:.80}{_but(given)}"
    if kind == "value_error":
        return f"is refused: {context['error']}"
    known = KINDS.get(kind)
    if known is None:
        return f"is refused: {finding['msg']}"
    return re.sub(r"'(\w+)'", r"\1://", f"must be {known.format(**context)}")


def _but(given: object) -> str:
    """The network that somebody meant who named a machine in it."""
    try:
        return f", but {ipaddress.ip_network(given, strict=False)}"  # type: ignore[arg-type]
    except ValueError:
        return ""
