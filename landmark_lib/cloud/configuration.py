"""Variables and examples of `terraform/`, read from its text."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from landmark_lib.errors import UserError

VARIABLE = re.compile(r'^variable "(\w+)"', re.MULTILINE)
DEFAULT = re.compile(r'^variable "(\w+)" \{\n(?:  (?!default|valid).*\n)*  default +=(.*)$', re.MULTILINE)
ASSIGNMENT = re.compile(r"^(\w+)\s*=\s*(.+?)\s*(?:#.*)?$", re.MULTILINE)
# What an example of a GPU node decides; what it leaves out has Terraform's default.
NODE = ("gpu_type", "gpu_count", "machine_type", "zone", "spot", "max_run_hours", "boot_disk_gb")


def variable_names(folder: Path) -> set[str]:
    """Return the names of Terraform's variables."""
    return {name for path in folder.glob("*.tf") for name in VARIABLE.findall(path.read_text("utf-8"))}


def defaults(folder: Path) -> dict[str, Any]:
    """Return the defaults of those variables whose default is on one line."""
    text = (folder / "variables.tf").read_text("utf-8")
    return {name: json.loads(value) for name, value in DEFAULT.findall(text) if not value.endswith("{")}


def first_machine(folder: Path, gpu: str, count: int) -> str:
    """Return the machine type that Terraform takes for GPUs if none is chosen.

    Raises:
        UserError: There is none for this GPU, or this number.
    """
    text = (folder / "locals.tf").read_text("utf-8")
    table = text.partition(f"    {gpu} = {{\n")[2].partition("\n    }\n")[0]
    found = re.search(rf'"{count}" += \["([\w-]+)"', table)
    if found is None:
        raise UserError(f"expected a GPU type and a number of terraform/locals.tf, received {count} x {gpu}")
    return found[1]


def example_names(folder: Path) -> list[str]:
    """Return the names of the examples of GPU nodes."""
    paths = (folder / "examples").glob("*.tfvars")
    return sorted(path.stem for path in paths if "gpu_type" in assignments(path.read_text("utf-8")))


def example(folder: Path, name: str) -> dict[str, Any]:
    """Return the variables of an example of a GPU node.

    Raises:
        UserError: There is none of this name.
    """
    names = example_names(folder)
    if name not in names:
        raise UserError(f"--gpu: expected one of {', '.join(names)}, received {name}")
    return assignments((folder / "examples" / f"{name}.tfvars").read_text("utf-8"))


def assignments(text: str) -> dict[str, Any]:
    """Return the values of a file of variables; each is on one line, as text, a number or a truth value."""
    return {name: json.loads(value) for name, value in ASSIGNMENT.findall(text)}


def with_example(variables: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return Terraform's variables for another GPU node, without the previous one's."""
    kept = {name: value for name, value in variables.items() if name not in NODE}
    return {**kept, **{name: value for name, value in chosen.items() if name in NODE}}


def setting(text: str, names: set[str]) -> tuple[str, Any]:
    """Return name and value of `NAME=VALUE`; what is not JSON is text.

    Raises:
        UserError: No variable of Terraform is called so.
    """
    name, equals, value = text.partition("=")
    if not equals or name not in names:
        raise UserError(
            f"--set: expected NAME=VALUE of a variable in terraform/variables.tf, received {text}"
        )
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
