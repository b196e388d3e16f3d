"""Settings in YAML, each value as the text that the user wrote.

YAML converts plain text by rules that few people know: `0:0.8` is a number in base 60, `no` is false,
`2024_01` is 202401, `2024-01-01` is a date. Here all text stays text, and its option converts it as on the
command line.
"""

from typing import Any

import yaml

from landmark_lib.errors import UserError
from landmark_lib.settings.declare import field_name, option

# Spellings of a missing value in YAML; in quotes they are text.
NULLS = ("", "~", "null", "Null", "NULL")
MAX_SHOWN = 80  # characters of a text in a message
_ALIAS = "alias"
_UNTAGGED = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}


def read_yaml(content: bytes | str) -> Any:
    """Return the lists, mappings and texts of a YAML document.

    Args:
        content: UTF-8 or UTF-16, with or without a byte order mark.

    Returns:
        Text as str, a missing value as None, lists as list, mappings as dict by field name; names may be
        written with - or with _.

    Raises:
        UserError: It is not YAML, has an alias or a tag, or repeats a setting.
    """
    try:
        document = yaml.compose(content, _Loader)
        return None if document is None else _read(document, "")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UserError(f"not YAML: {error.problem or error.context}{where}") from None
    except yaml.YAMLError as error:  # about characters
        raise UserError(f"not YAML in UTF-8 or UTF-16: {getattr(error, 'reason', error)}") from None
    except RecursionError:
        raise UserError("lists or mappings are nested too deeply") from None


def describe_value(value: Any) -> str:
    """Return a value of `read_yaml` for a message: text in quotes, anything else by its kind."""
    if isinstance(value, str):
        return repr(value) if len(value) <= MAX_SHOWN else f"{value[:MAX_SHOWN]!r}…"
    return "nothing" if value is None else "a list" if isinstance(value, list) else "a mapping"


class _Loader(yaml.BaseLoader):  # type: ignore[misc]
    """Loads nodes without following aliases: ten lines of them can fill any memory."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return the next node; an alias becomes a node that says so."""
        if not self.check_event(yaml.AliasEvent):
            return super().compose_node(parent, index)
        alias = self.get_event()
        return yaml.ScalarNode(_ALIAS, alias.anchor, alias.start_mark, alias.end_mark)


def _read(node: yaml.Node, where: str) -> Any:
    if node.tag not in _UNTAGGED:
        raise UserError(
            f"{where}expected a value, received {_describe_node(node)}, line {node.start_mark.line + 1}"
        )
    if isinstance(node, yaml.SequenceNode):
        return [_read(value, f"{where}entry {number}: ") for number, value in enumerate(node.value, start=1)]
    if isinstance(node, yaml.MappingNode):
        return _read_mapping(node, where)
    return None if node.style is None and node.value in NULLS else node.value


def _read_mapping(node: yaml.MappingNode, where: str) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.tag not in _UNTAGGED:
            raise UserError(
                f"{where}expected the name of a setting, received {_describe_node(key)}, line {line}"
            )
        name = field_name(key.value)
        if name in settings:
            raise UserError(f"{where}{option(name)}: expected once, received twice, line {line}")
        settings[name] = _read(value, f"{where}{option(name)}: ")
    return settings


def _describe_node(node: yaml.Node) -> str:
    if node.tag == _ALIAS:
        return f"the alias *{node.value}"
    if node.tag not in _UNTAGGED:
        return f"the tag {node.tag.replace('tag:yaml.org,2002:', '!!')}"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
