"""What is wrong with a body, a query or a path: pydantic's finding in, a refusal in our words out. Tells no value."""

from typing import Any

from homeward.errors import InvalidInput

PLACES = {"body", "query", "path", "header"}
NUMBERS = {
    "int_parsing": "a whole number", "int_type": "a whole number", "int_from_float": "a whole number",
    "int_parsing_size": "a smaller whole number", "float_parsing": "a number", "float_type": "a number",
    "finite_number": "a number", "bool_parsing": "true or false", "bool_type": "true or false",
    "greater_than_equal": "{ge} or more", "less_than_equal": "{le} or less",
}  # fmt: skip
WANTED = NUMBERS | {
    "string_type": "a text", "list_type": "a JSON list", "dict_type": "a JSON object",
    "model_type": "a JSON object", "model_attributes_type": "a JSON object", "literal_error": "{expected}",
    "enum": "{expected}", "string_too_short": "at least {min_length} characters long",
    "string_too_long": "at most {max_length} characters long", "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}", "string_pattern_mismatch": "written in another way",
}  # fmt: skip
ALL_FIELDS = "/api/docs tells what each field takes."
A_BODY = "Send JSON in UTF-8 with Content-Type: application/json."
LONGEST = 60  # letters of a name that somebody made up


def in_words(finding: Any) -> InvalidInput:
    """What was refused, and what would be taken."""
    kind, context = finding["type"], finding.get("ctx", {})
    place = [str(part)[:LONGEST] for part in finding["loc"] if part not in PLACES]
    name = ".".join(place) or "body"
    hint = ALL_FIELDS if place else A_BODY
    match kind:
        case "json_invalid":
            found = InvalidInput("The body is no JSON.", field="body", hint=A_BODY)
        case "missing":
            found = InvalidInput(f"{name} is missing.", field=name, hint=hint)
        case "extra_forbidden":
            found = InvalidInput(f"There is no field {place[-1]!r}.", field=name, hint=ALL_FIELDS)
        case "string_too_short" if context["min_length"] == 1:
            found = InvalidInput(f"{name} is blank.", field=name, hint=hint)
        case "value_error":
            found = InvalidInput(f"{name} is no whole text.", field=name, hint="Send plain text.")
        case _ if kind in WANTED:
            wanted = WANTED[kind].format(**context).replace("'", "")
            found = InvalidInput(f"{name} must be {wanted}.", field=name, hint=hint)
        case _:
            found = InvalidInput(f"{name} is refused: {finding['msg']}.", field=name, hint=hint)
    return found
