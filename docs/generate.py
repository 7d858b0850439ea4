"""Write docs/reference, .env.example and the compiled protocol from the code. A test fails on drift."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
LONG = 1e9  # what is only bounded since JSON loses larger numbers
PROTOCOL = ROOT / "src" / "homeward" / "models" / "oip.proto"
NOTE = "<!-- Written by `make docs` from the code; change the code, not this page. -->\n"


def settings_page() -> str:
    """Every setting with its default and meaning."""
    rows = [
        f"| `{name}` | `HOMEWARD_{name.upper()}` | `{_shown(field.default)}` | {field.description} |"
        for name, field in _settings().items()
    ]
    strange = "Unknown keys of the file are refused, unknown variables that begin with HOMEWARD_ are named."
    head = f"# Settings\n\nFrom the environment, `/run/secrets` or `homeward.toml`. {strange}\n"
    return "\n".join([NOTE + head, "| key | variable | default | meaning |", "|---|---|---|---|", *rows, ""])


def env_example() -> str:
    """The same settings as a file to copy to `.env`."""
    blocks = [
        f"# {field.description}\n#HOMEWARD_{name.upper()}={_shown(field.default)}\n"
        for name, field in _settings().items()
    ]
    return "# Copy what you want to change. Written by `make docs`.\n\n" + "\n".join(blocks)


def commands_page() -> str:
    """Every command with its options."""
    from homeward.cli import app

    argv, sys.argv = sys.argv, ["homeward"]  # usage lines would name whoever writes the page
    try:
        text = str(app.generate_docs(output_format="markdown", usage_name="homeward"))
    finally:
        sys.argv = argv
    return NOTE + text.rstrip() + "\n"


def errors_page() -> str:
    """Every error that a door may show."""
    from homeward import errors
    from homeward.api import problems

    kinds = [
        kind for kind in _below(errors.HomewardError) if "code" in vars(kind) and kind.__module__ == errors.__name__
    ]
    codes = {kind.code for kind in kinds}
    rows = [f"| `{k.code}` | {k.status} | {(k.__doc__ or '').strip().splitlines()[0]} |" for k in kinds]
    rows += [
        f"| `{code}` | {status} | {said} |" for status, (code, said) in problems.TITLES.items() if code not in codes
    ]
    head = "# Errors\n\nThe `code` of a problem (RFC 9457) is stable; texts may change and are translated.\n"
    return "\n".join([NOTE + head, "| code | HTTP status | meaning |", "|---|---|---|", *sorted(rows), ""])


def http_page() -> str:
    """Every operation of the REST interface."""
    spec = _openapi()
    parts = [NOTE + "# HTTP interface\n", "The same as OpenAPI: `GET /api/openapi.json`.\n"]
    for path, operations in sorted(spec["paths"].items()):
        for method, operation in operations.items():
            parts.append(_operation(method, path, operation, spec["components"]["schemas"]))
    return "\n".join(parts)


def compiled_protocol() -> bytes:
    """The gRPC messages of the model service, compiled."""
    from grpc_tools import protoc

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "oip.binpb"
        arguments = ["protoc", f"-I{PROTOCOL.parent}", f"--descriptor_set_out={target}", PROTOCOL.name]
        if protoc.main(arguments):
            raise RuntimeError(f"{PROTOCOL.name} cannot be compiled")
        return target.read_bytes()


def pages() -> dict[Path, str]:
    """All generated files with their contents."""
    return {
        REFERENCE / "settings.md": settings_page(),
        REFERENCE / "cli.md": commands_page(),
        REFERENCE / "errors.md": errors_page(),
        REFERENCE / "http.md": http_page(),
        ROOT / ".env.example": env_example(),
    }


def _settings() -> dict[str, Any]:
    from homeward.settings import Settings

    return dict(Settings.model_fields)


def _shown(default: object) -> str:
    if default is None:
        return ""
    return json.dumps(list(default)) if isinstance(default, tuple) else str(default)


def _below(kind: type[Any]) -> list[type[Any]]:
    return [found for child in kind.__subclasses__() for found in (child, *_below(child))]


def _openapi() -> dict[str, Any]:
    from homeward.app import describe_api

    return describe_api()


def _operation(method: str, path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    lines = [f"## {method.upper()} {path}\n", operation.get("summary", ""), ""]
    if operation.get("description"):
        lines += [operation["description"], ""]
    parameters = operation.get("parameters", [])
    if parameters:
        lines += ["| parameter | in | type | meaning |", "|---|---|---|---|"]
        lines += [_parameter(parameter, schemas) for parameter in parameters]
        lines.append("")
    content = operation.get("requestBody", {}).get("content", {})
    for kind, word in (("multipart/form-data", "form"), ("application/json", "JSON")):
        if kind in content:
            lines += _fields(word, _resolved(content[kind]["schema"], schemas), schemas)
    answers = ", ".join(f"{status} {answer['description']}" for status, answer in operation["responses"].items())
    return "\n".join([*lines, f"Answers: {answers}.", ""])


def _parameter(parameter: dict[str, Any], schemas: dict[str, Any]) -> str:
    schema = parameter["schema"]
    given = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]  # absent is all that null is
    shape = " or ".join(_shape(each, schemas) for each in given) + _default(schema)
    return f"| `{parameter['name']}` | {parameter['in']} | {shape} | {parameter.get('description', '')} |"


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    return f", default `{json.dumps(default)}`" if default not in (None, "", []) else ""


def _fields(word: str, body: dict[str, Any], schemas: dict[str, Any]) -> list[str]:
    about = [body["description"], ""] if "description" in body else []
    lines = [*about, f"| {word} field | type | needed | meaning |", "|---|---|---|---|"]
    for name, field in body["properties"].items():
        needed, meaning = name in body.get("required", ()), field.get("description", "")
        lines.append(
            f"| `{name}` | {_shape(field, schemas)}{_default(field)} |{' yes' if needed else ''} | {meaning} |"
        )
    return [*lines, ""]


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return schemas[schema["$ref"].rpartition("/")[2]] | schema if "$ref" in schema else schema


def _shape(field: dict[str, Any], schemas: dict[str, Any]) -> str:
    field = _resolved(field, schemas)
    if "anyOf" in field:
        return " or ".join(_shape(each, schemas) for each in field["anyOf"])
    if field["type"] == "array":
        return _array(field, schemas)
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    if "properties" in field:
        return f"object of {', '.join(f'`{name}`' for name in field['properties'])}"
    return str(field.get("format", field["type"])) + _limits(field)


def _array(field: dict[str, Any], schemas: dict[str, Any]) -> str:
    if field["items"].get("format") == "binary":
        return "1 file" if field["maxItems"] == 1 else f"1 to {field['maxItems']} files"
    return f"list of {_shape(field['items'], schemas)}"


def _limits(field: dict[str, Any]) -> str:
    if "maxLength" in field:
        least = field.get("minLength", 0)
        return f" of {f'{least} to' if least else 'at most'} {field['maxLength']} characters"
    least, most = field.get("minimum"), field.get("maximum")
    return f" from {least:g} to {most:g}" if least is not None and most is not None and most < LONG else ""


def main() -> None:
    """Write all pages."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    PROTOCOL.with_suffix(".binpb").write_bytes(compiled_protocol())


if __name__ == "__main__":
    main()
