"""How settings are declared: once, each with its default, unit, range and help.

A settings class is a frozen dataclass. It may be nested: a field whose type is a settings class is a part of
it. Command lines, YAML files and records on disk know no parts: there, all settings of a job stand beside
each other (`to_flat`, `from_flat`). `command_line.py` makes options of the declarations.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from landmark_lib.errors import UserError

SAMPLE_DIRECTORY = "data/sample"
DATASET_DIRECTORY = "data/dataset"
MODELS_DIRECTORY = "data/models"

# What a setting decides. Of preprocessing: the photos of the corpus, the plan and its shards, or how photos
# are fetched (which changes no pixel). Of training: the network, how it learns, from which rows, when it
# ends. Of tuning: what is searched. Of all: what this run does, which changes no result.
Decides = Literal["corpus", "plan", "fetching", "search", "network", "learning", "rows", "ending", "run"]
# The headings under which --help shows them.
SECTIONS: dict[Decides, str] = {
    "corpus": "Photos",
    "plan": "Balance",
    "fetching": "Fetching",
    "search": "Search",
    "network": "Network",
    "learning": "Learning",
    "rows": "Rows",
    "ending": "End",
    "run": "Options",
}

Class = TypeVar("Class")


@dataclass(frozen=True)
class Bounds:
    """The range of a number; NaN is outside every range."""

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None

    def hold(self, value: float) -> bool:
        """Return whether a value is in the range."""
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        return ", ".join(
            f"{bound.name.replace('_', ' ')} {limit}"
            for bound in fields(self)
            if (limit := getattr(self, bound.name)) is not None
        )


@dataclass(frozen=True)
class Settings:
    """Base of settings classes: checks the declared ranges.

    Raises:
        UserError: A value out of its range.
    """

    def __post_init__(self) -> None:
        for declared in fields(self):
            bounds, value = declared.metadata.get("bounds"), getattr(self, declared.name)
            if bounds and isinstance(value, int | float):
                expected = f"{bounds} {declared.metadata['unit']}".rstrip()
                require(bounds.hold(value), declared.name, expected, value)


class Declared(NamedTuple):
    """A field of a settings class or of one of its parts."""

    field: Field[Any]
    hint: Any  # its type
    decides: Decides


def setting(
    default: Any,
    explanation: str,
    decides: Decides | None = None,
    *,
    formerly: str = "",
    earlier: Any = None,
    unit: str = "",
    **bounds: float,
) -> Any:
    """Declare a field of a settings class.

    Args:
        default: Its default.
        explanation: The help of its option.
        decides: What it decides; None for what its part decides, which outside of parts is the run.
        formerly: Its name in earlier releases, if it was renamed.
        earlier: Its value in records of releases that did not have it, if it is new.
        unit: Unit of its value, for messages.
        bounds: Its range, as `Bounds` has it.
    """
    metadata = {"help": explanation, "decides": decides, "formerly": formerly, "unit": unit}
    limits = Bounds(**bounds) if bounds else None
    return field(default=default, metadata={**metadata, "earlier": earlier, "bounds": limits})


def listed(default: str, explanation: str, decides: Decides | None = None, *, earlier: Any = None) -> Any:
    """Declare a field of values with commas between them, which YAML may give as a list too."""
    metadata = {"help": explanation, "decides": decides, "earlier": earlier, "listed": True}
    return field(default=default, metadata=metadata)


def place(
    default: str | None, explanation: str, decides: Decides | None = None, *, formerly: str = ""
) -> Any:
    """Declare a field that names a file or a folder, as a path or a URI; it holds an address of `storage`."""
    metadata = {"help": explanation, "decides": decides, "place": True, "formerly": formerly}
    return field(default=default, metadata=metadata)


def flag(explanation: str, decides: Decides | None = None, *, formerly: str = "") -> Any:
    """Declare a field that is off until its option is given."""
    return setting(False, explanation, decides, formerly=formerly)  # noqa: FBT003 - its default


def part(settings_class: Callable[[], Any]) -> Any:
    """Declare a field that holds the settings of one concern; its name says what they decide."""
    return field(default_factory=settings_class)


def declared_in(settings_class: type[Any]) -> list[Declared]:
    """Return all settings of a class in the order of --help: its own before inherited ones."""
    own = settings_class.__annotations__
    return sorted(_declared_in(settings_class, "run"), key=lambda declared: declared.field.name not in own)


def _declared_in(settings_class: type[Any], decides: Any) -> Iterator[Declared]:
    hints = get_type_hints(settings_class)
    for each in fields(settings_class):
        if is_dataclass(hints[each.name]):
            yield from _declared_in(hints[each.name], each.name)
        else:
            yield Declared(each, hints[each.name], each.metadata["decides"] or decides)


def names_in(settings_class: type[Any]) -> set[str]:
    """Return the names of all settings of a class."""
    return {declared.field.name for declared in declared_in(settings_class)}


def to_flat(settings: Any) -> dict[str, Any]:
    """Return all settings by name, those of parts beside the others."""
    flat: dict[str, Any] = {}
    for each in fields(settings):
        value = getattr(settings, each.name)
        if is_dataclass(value):
            flat |= to_flat(value)
        elif isinstance(value, tuple):
            flat[each.name] = [to_flat(entry) if is_dataclass(entry) else entry for entry in value]
        else:
            flat[each.name] = value
    return flat


def from_flat(settings_class: type[Class], flat: Mapping[str, Any]) -> Class:
    """Return the settings that these values by name make; defaults take the place of missing ones.

    Entries of a list of settings (`tuple[MemberSettings, ...]`) are mappings too; what an entry lacks comes
    from `flat`.

    Raises:
        UserError: A value out of its range, or an entry with a setting that its class has not.
    """
    values: dict[str, Any] = {}
    hints = get_type_hints(settings_class)
    for each in fields(settings_class):  # type: ignore[arg-type] # settings classes are dataclasses
        hint, name = hints[each.name], each.name
        if is_dataclass(hint):
            values[name] = from_flat(hint, flat)  # type: ignore[arg-type] # a class
        elif name in flat and get_origin(hint) is tuple and is_dataclass(get_args(hint)[0]):
            values[name] = tuple(
                _entry(get_args(hint)[0], flat, entry, f"{option(name)}: entry {number}")
                for number, entry in enumerate(flat[name], start=1)
            )
        elif name in flat:
            values[name] = flat[name]
    return settings_class(**values)


def _entry(settings_class: type[Class], flat: Mapping[str, Any], own: Mapping[str, Any], where: str) -> Class:
    for name in own.keys() - names_in(settings_class):
        raise UserError(f"{where}: {option(name)} must be the same for all")
    try:
        return from_flat(settings_class, {**flat, **own})
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def deciding(settings_class: type[Any], *what: Decides) -> list[str]:
    """Return the names of the settings that decide one of these."""
    return [declared.field.name for declared in declared_in(settings_class) if declared.decides in what]


def former_names(settings_class: type[Any]) -> dict[str, str]:
    """Return the current names of settings by the names that they had in earlier releases."""
    named = (
        (declared.field.metadata.get("formerly"), declared.field.name)
        for declared in declared_in(settings_class)
    )
    return {former: name for former, name in named if former}


def with_current_names(settings_class: type[Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that an earlier release recorded, under their current names, with those it lacked."""
    current = former_names(settings_class)
    renamed = {current.get(name, name): value for name, value in recorded.items()}
    added = {
        declared.field.name: earlier
        for declared in declared_in(settings_class)
        if (earlier := declared.field.metadata.get("earlier")) is not None
    }
    return {**added, **renamed}


def option(name: str) -> str:
    """Return the option of a field."""
    return "--" + name.replace("_", "-")


def field_name(written: str) -> str:
    """Return the name of the field that a user means, who may write - instead of _."""
    return written.replace("-", "_")


def require(condition: bool, name: str, expected: str, received: object) -> None:  # noqa: FBT001 - reads as a sentence
    """Refuse a setting.

    Raises:
        UserError: The condition does not hold.
    """
    if not condition:
        raise UserError(f"{option(name)}: expected {expected}, received {received}")
