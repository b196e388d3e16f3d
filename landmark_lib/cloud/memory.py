"""What the driver remembers between its calls: Terraform's variables, and what Terraform does not know.

Terraform reads `choices.auto.tfvars.json` by itself, so that a plan typed by hand sees the same choices.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from landmark_lib.errors import UserError

CHOICES = "choices.auto.tfvars.json"  # of Terraform; it loads every *.auto.tfvars.json
PROGRESS = "progress.json"
KEYS = "keys"  # done when the nodes' keys for ssh are in Secret Manager
# What exists until a stage says otherwise: nothing that costs money by the hour.
OFF = {"preprocess_cluster": False, "train_nodes": 0}

Variables = Mapping[str, Any]


@dataclass(frozen=True)
class Memory:
    """What was chosen and done.

    Attributes:
        variables: Of Terraform.
        photos: Where the photos to upload are.
        spark: How to preprocess, one of `stages.SPARK`.
        images: Where they are built, one of `stages.IMAGES`.
        nodes: How many GPU nodes training uses; Terraform has 0 while they do not exist.
        done: Names of steps that must not be repeated.
    """

    variables: Variables = field(default_factory=lambda: dict(OFF))
    photos: str = ""
    spark: str = "serverless"
    images: str = "cloud"
    nodes: int = 1
    done: tuple[str, ...] = ()

    @property
    def project(self) -> str:
        """The project's id; empty if it was not chosen."""
        return str(self.variables.get("project", ""))

    def with_variables(self, **variables: Any) -> "Memory":
        """Return it with other values of some of Terraform's variables.

        The secret that holds the nodes' keys exists with several nodes only.
        """
        merged = {**OFF, **self.variables, **variables}
        done = tuple(name for name in self.done if name != KEYS or merged["train_nodes"] > 1)
        return replace(self, variables=merged, done=done)

    def with_done(self, *names: str) -> "Memory":
        """Return it with steps that are done."""
        return replace(self, done=tuple(dict.fromkeys([*self.done, *names])))


def recall(folder: Path) -> Memory:
    """Return what was remembered in a folder; the defaults if nothing was.

    Raises:
        UserError: A file is not what the driver wrote.
    """
    variables, progress = _read(folder / CHOICES), _read(folder / PROGRESS)
    try:
        remembered = Memory(**progress)
    except TypeError:
        raise UserError(f"{folder / PROGRESS}: expected what the driver wrote, received {progress}") from None
    return replace(remembered, variables={**OFF, **variables}, done=tuple(remembered.done))


def remember(folder: Path, memory: Memory) -> None:
    """Write what is to be remembered; Terraform's part last, as it decides what exists."""
    progress = {name: getattr(memory, name) for name in ("photos", "spark", "images", "nodes", "done")}
    for name, values in ((PROGRESS, progress), (CHOICES, memory.variables)):
        partial = folder / f"{name}.partial"
        partial.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", "utf-8")
        partial.replace(folder / name)


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: {error}") from None
    if not isinstance(values, dict):
        raise UserError(f"{path}: expected names with values, received {values}")
    return values
