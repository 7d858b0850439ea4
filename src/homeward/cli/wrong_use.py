"""What the parser of the command line refuses, in plain words: the option, what was given, what is expected, how."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from cyclopts import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    Token,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)
from cyclopts.argument import Argument

from homeward.errors import InvalidInput

EXPECTED: dict[object, str] = {int: "a whole number", float: "a number", bool: "true or false"}
EXAMPLES: dict[object, str] = {int: "10", float: "1.5"}
NAMED = {"--port": "8000"}


def in_words(error: CycloptsError) -> InvalidInput:
    """The same as an error of our own."""
    error.verbose = False
    match error:
        case UnknownCommandError(unused_tokens=[name, *_]):
            return _no_command(error, name)
        case UnknownOptionError():
            return _no_option(error, error.token.keyword or error.token.value)
        case MissingArgumentError(argument=Argument() as argument):
            return InvalidInput(_missing(error, argument), hint=_example(error, argument))
        case CycloptsError(argument=Argument() as argument) if (wrong := _wrong_value(error, argument)) is not None:
            return InvalidInput(wrong, hint=_example(error, argument))
    return InvalidInput(_too_much(error) or str(error), hint=_help(error))


def _wrong_value(error: CycloptsError, argument: Argument) -> str | None:
    match error:
        case CoercionError(token=Token() as token):
            expected = _expected(error.target_type)
            return f"{token.keyword or _word(argument)} takes {expected}, not {token.value}." if expected else None
        case ValidationError() if argument.tokens:
            token = argument.tokens[0]
            why = error.exception_message.replace("Must", "must").replace(">=", "at least").replace("<=", "at most")
            return f"{token.keyword or _word(argument)} cannot be {token.value}: {why}"
    return None


def _too_much(error: CycloptsError) -> str | None:
    match error:
        case UnusedCliTokensError(unused_tokens=[*rest]):
            taken = [_word(each) for each in _positional(error)]
            most = f"takes no more than {' and '.join(taken)}" if taken else "takes options alone"
            return f"{_name(error)} {most}; {' '.join(rest)} is too much."
        case RepeatArgumentError():
            return f"{error.token.keyword} is given more than once."
    return None


def _no_command(error: CycloptsError, name: str) -> InvalidInput:
    close = get_close_matches(name, list(error.app) if error.app else [], n=1)
    hint = f"Did you mean {_command(error)} {close[0]}?" if close else _help(error)
    return InvalidInput(f"There is no command {' '.join([*(error.command_chain or ()), name])}.", hint=hint)


def _no_option(error: UnknownOptionError, name: str) -> InvalidInput:
    known = [each for argument in error.argument_collection if argument.parse for each in argument.names]
    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else _help(error)
    return InvalidInput(f"{_name(error)} has no option {name}.", hint=hint)


def _missing(error: CycloptsError, argument: Argument) -> str:
    """An option that was given without its value, or what was not given at all."""
    given = {token.partition("=")[0] for token in error.root_input_tokens or ()}
    name = next((each for each in argument.names if each in given), None)
    if name is not None:
        expected = _expected(argument.hint)
        return f"{name} needs a value{f': {expected}' if expected else ''}."
    wanted = _word(argument) if argument.index is not None else argument.name
    told = next((each.parameter.help for each in _arguments(error) if each.name == argument.name), None)
    about = " ".join(told.split()) if told else None
    return f"{_name(error)} needs {wanted}{f': {about}' if about else '.'}"


def _example(error: CycloptsError, argument: Argument) -> str:
    """The command with what it cannot be without, and ``argument``."""
    words = [_sample(each) for each in _positional(error) if each.required]
    words += [f"{each.name} {_sample(each)}" for each in _arguments(error) if each.required and each.index is None]
    option = argument.name if _kind(argument.hint) is bool else f"{argument.name} {_sample(argument)}"
    if argument.index is None and option not in words:
        words.append(option)
    return f"For example: {' '.join([_command(error), *words])}"


def _sample(argument: Argument) -> str:
    default = argument.field_info.default
    if isinstance(default, int | float) and not isinstance(default, bool):
        return str(default)
    kind = _kind(argument.hint)
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    return str(choices[0]) if choices else NAMED.get(argument.name) or EXAMPLES.get(kind, _word(argument))


def _expected(hint: Any) -> str | None:
    """What a value is, in words; None for what any text may be."""
    kind = _kind(hint)
    if get_origin(kind) is Literal:
        *others, last = map(str, get_args(kind))
        return f"{', '.join(others)} or {last}" if others else last
    return EXPECTED.get(kind)


def _kind(hint: Any) -> Any:
    """The type of one value: of a list its members', of what may be absent the other."""
    if get_origin(hint) is Literal:
        return hint
    inner = [kind for kind in get_args(hint) if kind not in {type(None), ...}]
    return _kind(inner[0]) if inner else hint


def _name(error: CycloptsError) -> str:
    return " ".join(error.command_chain or ("homeward",))


def _command(error: CycloptsError) -> str:
    return " ".join(("homeward", *(error.command_chain or ())))


def _help(error: CycloptsError) -> str:
    return f"{_command(error)} --help shows how it is used."


def _positional(error: CycloptsError) -> Iterator[Argument]:
    return (argument for argument in _arguments(error) if argument.index is not None)


def _arguments(error: CycloptsError) -> Iterable[Argument]:
    return error.app.assemble_argument_collection(parse_docstring=True) if error.app else ()


def _word(argument: Argument) -> str:
    """A positional argument as the help calls it."""
    return argument.name.lstrip("-").upper()
