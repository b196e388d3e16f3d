"""JSON to dataclasses, checked: an error of one line names what is missing, unknown or of a wrong type."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from functools import partial
from typing import Any, NoReturn, TypeVar, get_args, get_origin

from cattrs import BaseConverter, Converter, transform_error
from cattrs.cols import list_structure_factory, mapping_structure_factory
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

Decoded = TypeVar("Decoded")

NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}
MAX_SHOWN = 60  # characters of a value in a message
AT = " @ "  # between a message of cattrs and its place, which begins with ROOT
ROOT = "$"


def decode(kind: type[Decoded], content: bytes | str) -> Decoded:
    """Return the dataclass stored in a JSON document.

    No value is converted: a number in quotes is text, and 1.0 is not a whole number. Only fields with a
    default may be missing; unknown fields are refused.

    Args:
        kind: The dataclass.
        content: The document, in UTF-8, UTF-16 or UTF-32.

    Raises:
        ValueError: It is not JSON or does not fit the class; the message is one line.
    """
    return build(kind, parse(content))


def parse(content: bytes | str) -> Any:
    """Return the value of a JSON document; repeated names in an object are refused.

    Raises:
        ValueError: It is not JSON; the message is one line.
    """
    try:
        return json.loads(content, object_pairs_hook=_distinct)
    except RecursionError:
        raise ValueError("lists or objects are nested too deeply") from None


def build(kind: type[Decoded], value: Any) -> Decoded:
    """Return the dataclass stored in a parsed JSON value, checked as in `decode`.

    Raises:
        ValueError: It does not fit the class; the message is one line.
    """
    try:
        return _CONVERTER.structure(value, kind)
    except (BaseValidationError, ValueError, TypeError) as error:
        (first, *_) = transform_error(error, path=ROOT, format_exception=_explain)
        message, _, place = first.rpartition(AT)
        where = place.removeprefix(ROOT).removeprefix(".")
        raise ValueError(f"{where}: {message}" if where else message) from None
    except RecursionError:
        raise ValueError("lists or objects are nested too deeply") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{_shorten(repeated)} is repeated in an object")
    return content


def _explain(error: BaseException, _: type[Any] | None) -> str:
    if isinstance(error, KeyError):
        return "missing"
    if isinstance(error, ForbiddenExtraKeysError):
        return f"unknown fields: {', '.join(map(_shorten, sorted(error.extra_fields)))}"
    return " ".join(str(error).split())


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _refuse(expected: type[Any], value: Any) -> NoReturn:
    raise ValueError(f"expected {NAMES[expected]}, found {_shorten(value)}")


def _exactly(kind: type[Any]) -> Callable[[Any, Any], Any]:
    def structure(value: Any, wanted: Any) -> Any:
        if wanted is not kind:  # an enumeration with values of this type
            return wanted(value)
        return value if type(value) is kind else _refuse(kind, value)

    return structure


def _list_of(kind: Any, converter: BaseConverter) -> Callable[[Any, Any], Any]:
    structure_list = list_structure_factory(list[get_args(kind)[0]], converter)  # type: ignore[misc, arg-type] # made of one

    def structure(value: Any, _: Any) -> Any:
        return structure_list(value, kind) if isinstance(value, list) else _refuse(list, value)

    return structure


def _mapping_of(kind: Any, converter: BaseConverter) -> Callable[[Any, Any], Any]:
    key, element = get_args(kind)
    structure_mapping = mapping_structure_factory(dict[key, element], converter)  # type: ignore[valid-type] # a type

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            _refuse(dict, value)
        # In JSON, names that are numbers are in quotes too.
        if key is int:
            for name in value:
                if not (name.isascii() and name.removeprefix("-").isdecimal()):
                    _refuse(int, name)
            value = {int(name): part for name, part in value.items()}
        return structure_mapping(value, kind)

    return structure


def _object_of(kind: Any, converter: BaseConverter) -> Callable[[Any, Any], Any]:
    structure_fields = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)

    def structure(value: Any, _: Any) -> Any:
        return structure_fields(value, kind) if isinstance(value, dict) else _refuse(dict, value)

    return structure


def _is_one_of(origins: tuple[Any, ...], kind: Any) -> bool:
    return get_origin(kind) in origins


_CONVERTER = Converter()
for kind in (bool, int, str):
    _CONVERTER.register_structure_hook(kind, _exactly(kind))
_CONVERTER.register_structure_hook(
    float, lambda value, _: float(value) if type(value) in {int, float} else _refuse(float, value)
)
_CONVERTER.register_structure_hook_factory(is_dataclass, _object_of)
_CONVERTER.register_structure_hook_factory(partial(_is_one_of, (list, Sequence)), _list_of)
_CONVERTER.register_structure_hook_factory(partial(_is_one_of, (dict, Mapping)), _mapping_of)
