"""How settings are written down: once, each with its default, unit, help and what it decides.

The command lines are made from these declarations (`command_line.py`).
"""

from collections.abc import Mapping
from dataclasses import Field, field, fields
from typing import Any, Literal

from landmark_lib.errors import UserError

SAMPLE_DIRECTORY = "data/sample"
DATASET_DIRECTORY = "data/dataset"
MODELS_DIRECTORY = "data/models"

# What a setting decides. Of preprocessing: the photos of the corpus, the plan and its shards, or how photos
# are fetched (which changes no pixel). Of training: the network, how it learns, from which rows, when it
# ends. Of tuning: what is searched. Of all: what this one run does, which changes no result.
Decides = Literal["corpus", "plan", "fetching", "search", "network", "learning", "rows", "ending", "run"]
# Under what a job's help shows them.
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


def setting(default: Any, explanation: str, decides: Decides = "run", *, formerly: str = "") -> Any:
    """Declare a field of a settings class.

    Args:
        default: Its default.
        explanation: The help that its option shows.
        decides: What it decides.
        formerly: Its name in earlier releases, if it was renamed.
    """
    return field(default=default, metadata={"help": explanation, "decides": decides, "formerly": formerly})


def listed(default: str, explanation: str, decides: Decides = "run") -> Any:
    """Declare a field of values with commas between them, which YAML may give as a list too."""
    return field(default=default, metadata={"help": explanation, "decides": decides, "listed": True})


def place(default: str | None, explanation: str, decides: Decides = "run", *, formerly: str = "") -> Any:
    """Declare a field that names a file or a folder, as a path or a URI; it holds an address of `storage`."""
    metadata = {"help": explanation, "decides": decides, "place": True, "formerly": formerly}
    return field(default=default, metadata=metadata)


def flag(explanation: str, decides: Decides = "run", *, formerly: str = "") -> Any:
    """Declare a field that is off until its option is given."""
    return setting(False, explanation, decides, formerly=formerly)  # noqa: FBT003 - its default


def fields_of(settings_class: type[Any]) -> list[Field[Any]]:
    """Return the fields of a settings class in the order people see: its own before inherited ones."""
    return sorted(fields(settings_class), key=lambda field: field.name not in settings_class.__annotations__)


def deciding(settings_class: type[Any], *what: Decides) -> list[str]:
    """Name the fields of a settings class that decide one of these."""
    return [field.name for field in fields_of(settings_class) if field.metadata["decides"] in what]


def former_names(settings_class: type[Any]) -> dict[str, str]:
    """Return today's names of the fields by the names that earlier releases had for them."""
    named = ((field.metadata.get("formerly"), field.name) for field in fields(settings_class))
    return {former: name for former, name in named if former}


def with_current_names(settings_class: type[Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as an earlier release recorded them, under the names that they have today."""
    current = former_names(settings_class)
    return {current.get(name, name): value for name, value in recorded.items()}


def option(name: str) -> str:
    """Name the option of a field."""
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
