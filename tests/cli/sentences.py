"""What the code can say to whoever types commands: its sources in, sentences with ``{}`` for their values out."""

import ast
import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import homeward
from homeward import errors

ROOT = Path(homeward.__file__).parent
ELSEWHERE = (  # what browsers, chats, letters and other machines alone ask for
    "api/problems", "api/routes/desk", "api/routes/letters", "api/routes/pages", "api/routes/people",
    "api/routes/push", "api/routes/talks", "api/routes/telegram", "api/routes/voices", "api/streams", "api/telegram",
    "engine/board", "engine/desk", "engine/devices", "engine/handover", "engine/letters", "engine/people", "testing",
)  # fmt: skip
SAYING = {
    "Check", "complain", "note", "say", "tell", "words", "wrong", "_wrong", "_broken", "_says_nothing", "too_many",
    "Entry", "_Damaged", "_Refusal", "refused",
}  # fmt: skip
MOST = 64  # ways to put one sentence together
Known = dict[str, list[ast.expr]]


@cache
def sentences() -> tuple[tuple[str, str], ...]:
    """Each with the file and line where it is said."""
    names = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))}
    modules = {
        name: ast.parse(path.read_text(encoding="utf-8"))
        for name, path in names.items()
        if not name.startswith(ELSEWHERE)
    }
    return tuple(found for name, module in modules.items() for found in _of_module(name, module))


def texts() -> Iterator[str]:
    """Every piece of text in the sources but docstrings, and what they are put together to."""
    yield from (sentence for sentence, _ in sentences())
    for path in ROOT.rglob("*.py"):
        module = ast.parse(path.read_text(encoding="utf-8"))
        told = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
        for node in ast.walk(module):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
                yield node.value


def _of_module(name: str, module: ast.Module) -> Iterator[tuple[str, str]]:
    errors_of_ours = _error_names()
    constants = _assigned(module.body)
    for function in (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
        known = constants | _assigned(function.body)
        for node in ast.walk(function):
            for said in _said_by(node, errors_of_ours, is_command=name.startswith("cli/")):
                for sentence in _told(said, known):
                    yield sentence, f"{name}:{node.lineno}"


def _said_by(node: ast.AST, errors_of_ours: set[str], *, is_command: bool) -> list[ast.expr]:
    """What a call tells a person; a command also by what its functions give back, and by lists of lines."""
    match node:
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)) if called in errors_of_ours | SAYING:
            return [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "hint")]
        case ast.Assign(targets=[ast.Attribute(attr="message" | "hint")], value=value):
            return [value]
        case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value) if is_command:
            return [value]
        case ast.List(elts=elements) if is_command:
            return elements
    return []


@cache
def _error_names() -> set[str]:
    names, found = {kind.__name__ for kind in vars(errors).values() if isinstance(kind, type)}, 0
    sources = [path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py")]
    while found != len(names):
        found = len(names)
        below = rf"class (\w+)\((?:errors\.)?(?:{'|'.join(names)})[,)]"
        names |= {name for source in sources for name in re.findall(below, source)}
    return names


def _assigned(body: list[ast.stmt]) -> Known:
    """What is assigned to each name, branch by branch."""
    found: Known = {}
    for node in (each for statement in body for each in ast.walk(statement)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.setdefault(name, []).append(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for name, value in zip(names, values, strict=False):
                    found.setdefault(getattr(name, "id", ""), []).append(value)
    return found


def _told(node: ast.expr, known: Known) -> list[str]:
    """Every sentence that an expression may be; ``{}`` where it is a value."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return _joined(parts, known)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _joined([left, right], known)
        case ast.Subscript(value=ast.Name(id=name)) | ast.Name(id=name) if name in known:
            rest = {key: values for key, values in known.items() if key != name}  # or it would have no end
            return [each for value in known[name] for each in _told(value, rest)]
    return [each for branch in _branches(node) for each in _told(branch, known)] or ["{}"]


def _joined(parts: list[ast.expr], known: Known) -> list[str]:
    told = itertools.product(*(_told(part, known) for part in parts))
    return ["".join(each) for each in itertools.islice(told, MOST)]


def _branches(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.FormattedValue(value=value):
            return [value]
        case ast.IfExp(body=body, orelse=other):
            return [body, other]
        case ast.BoolOp(values=values) | ast.Dict(values=values):
            return values
    return []
