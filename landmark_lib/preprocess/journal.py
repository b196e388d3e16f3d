"""What a run has done so far: kept on disk beside the data set until that is finished.

    <dataset>/in-progress/
      settings.json         what was decided, by what it decides: the corpus, the plan
      batch.json            the photos that this run resizes, once all of them are listed
      before.json           the manifest of the finished data set that new photos are added to
      list/                 those photos, cut into the parts of the corpus
      done/<stage>/<k>.json part k of a stage is written: its files and counts
      done/<stage>.json     all parts are: the same, in one file

A part is noted after its files are whole, so what is noted is done; a part that is not is done again and
gives the same bytes.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from landmark_lib import dataset
from landmark_lib.dataset import IN_PROGRESS, FileRecord, join, open_address, write_bytes

SETTINGS = "settings.json"
BATCH = "batch.json"
BEFORE = "before.json"
READERS = 16
LIST = f"{IN_PROGRESS}/list"


class Stage(StrEnum):
    """The stages that commit by part."""

    CLEARED = "cleared"
    CORPUS = "corpus"
    LABELS = "labels"
    PLAN = "plan"
    SHARDS = "shards"


@dataclass(frozen=True)
class Part:
    """What a part of a stage came to.

    Attributes:
        records: The files written.
        counts: What else is worth counting, by name.
    """

    records: Sequence[FileRecord]
    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Read what `asdict` and JSON made of a part."""
        return cls([FileRecord(**record) for record in content["records"]], content["counts"])


def records_of(parts: Mapping[int, Part]) -> list[FileRecord]:
    """List the files of all parts in the order of their paths."""
    return sorted((record for part in parts.values() for record in part.records), key=lambda r: r.path)


def total(parts: Mapping[int, Part], name: str) -> int:
    """Add up a count over all parts."""
    return sum(part.counts.get(name, 0) for part in parts.values())


@dataclass(frozen=True)
class Journal:
    """The notes of the run that fills `output`."""

    output: str

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Write one of the files named above."""
        write_bytes(self.output, f"{IN_PROGRESS}/{name}", json.dumps(content, indent=1).encode())

    def read(self, name: str) -> dict[str, Any] | None:
        """Read one of the files named above; None where there is none."""
        try:
            content: dict[str, Any] = json.loads(dataset.read_bytes(self.output, f"{IN_PROGRESS}/{name}"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return content

    def commit(self, stage: Stage, number: int, part: Part) -> None:
        """Note that a part is done; called in the task that did it."""
        self.write(f"done/{stage}/{number}.json", asdict(part))

    def close(self, stage: Stage, parts: Mapping[int, Part]) -> None:
        """Note that a stage is done with all its parts."""
        self.write(f"done/{stage}.json", {str(number): asdict(part) for number, part in parts.items()})

    def is_closed(self, stage: Stage) -> bool:
        """Tell whether all parts of a stage are done."""
        return self.read(f"done/{stage}.json") is not None

    def parts(self, stage: Stage) -> dict[int, Part]:
        """Give what is done of a stage, by the number of the part."""
        closed = self.read(f"done/{stage}.json")
        if closed is not None:
            return {int(number): Part.from_json(part) for number, part in closed.items()}
        filesystem, folder = open_address(join(self.output, f"{IN_PROGRESS}/done/{stage}"))
        filesystem.invalidate_cache()  # the tasks wrote, not this process
        if not filesystem.isdir(folder):
            return {}
        names = [name for name in filesystem.find(folder) if name.endswith(".json")]
        # One by one, because `cat` would take brackets in a name for a pattern; a store answers in 50 ms.
        with ThreadPoolExecutor(READERS) as readers:
            found = dict(zip(names, readers.map(filesystem.cat_file, names), strict=True))
        parts = {int(name.rpartition("/")[2][:-5]): json.loads(content) for name, content in found.items()}
        return {number: Part.from_json(part) for number, part in sorted(parts.items())}

    def forget(self, stages: Iterable[Stage]) -> None:
        """Take back that stages were done."""
        for stage in stages:
            for name in (f"done/{stage}.json", f"done/{stage}"):
                remove(self.output, f"{IN_PROGRESS}/{name}")

    def remove(self) -> None:
        """Remove all notes: the data set is finished."""
        # First what makes a run go on from the others.
        remove(self.output, f"{IN_PROGRESS}/{BATCH}")
        remove(self.output, IN_PROGRESS)


def remove(output: str, path: str) -> None:
    """Remove a file or a folder of the output, if it is there."""
    filesystem, target = open_address(join(output, path))
    filesystem.invalidate_cache()
    if filesystem.exists(target):
        filesystem.rm(target, recursive=True)
