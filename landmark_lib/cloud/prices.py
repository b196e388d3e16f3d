"""List prices in US dollars, from `terraform/prices.yaml`, and what only the bill needs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from landmark_lib.errors import UserError

FILE = "prices.yaml"
# Of Serverless for Apache Spark, November 2026: a data compute unit per hour, and units per core and per GB.
DCU, DCU_PER_CORE, DCU_PER_GB = 0.06, 0.6, 0.1
REGISTRY_GB = 0.10  # per GB and month, November 2026
MILLION_READS = 0.40  # from object storage, November 2026
MACHINE = re.compile(r"(?P<family>[a-z0-9]+-[a-z]+)-(?P<number>\d+)g?")


@dataclass(frozen=True)
class Prices:
    """What `terraform/prices.yaml` has."""

    table: Mapping[str, Any]

    @property
    def dates(self) -> str:
        """When the prices were read."""
        return str(self.table["read"])

    def machine(self, name: str) -> float:
        """Return the price of a machine per hour, without GPUs.

        Raises:
            UserError: It is not in the table.
        """
        family = self._family(name)
        cores = int(MACHINE.sub(r"\g<number>", name)) * family.get("cores_per_gpu", 1)
        return float(cores * (family["core"] + family["gb_per_core"] * family["gb"]))

    def _family(self, machine: str) -> Mapping[str, Any]:
        found = MACHINE.fullmatch(machine)
        if found is None or found["family"] not in self.table["machines"]:
            raise UserError(f"plan: {FILE} has no price of {machine}")
        return self.table["machines"][found["family"]]  # type: ignore[no-any-return]

    def node(self, name: str, gpu: str, gpus: int) -> float:
        """Return the price of a machine with GPUs and its local disks per hour.

        Raises:
            UserError: One of them is not in the table.
        """
        if gpu not in self.table["gpus"]:
            raise UserError(f"plan: {FILE} has no price of {gpu}")
        ssd = self._family(name).get("ssd_per_gpu", 0) * self.table["disks"]["local-ssd"]
        return self.machine(name) + gpus * float(
            self.table["gpus"][gpu] + ssd / self.table["hours_per_month"]
        )


def read_prices(folder: Path) -> Prices:
    """Return the prices of the configuration in a folder."""
    return Prices(yaml.safe_load((folder / FILE).read_text("utf-8")))
