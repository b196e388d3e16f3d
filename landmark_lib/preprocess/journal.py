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

from landmark_lib.dataset import IN_PROGRESS, FileRecord
from landmark_lib.storage import Place

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
        (self._folder / name).write(json.dumps(content, indent=1).encode())

    def read(self, name: str) -> dict[str, Any] | None:
        """Read one of the files named above; None where there is none."""
        try:
            content: dict[str, Any] = json.loads((self._folder / name).read_bytes())
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
        folder = self._folder / "done" / stage
        names = [name for name in folder.names() if name.endswith(".json")]
        with ThreadPoolExecutor(READERS) as readers:
            contents = readers.map(lambda name: (folder / name).read_bytes(), names)
        parts = {int(name[:-5]): json.loads(content) for name, content in zip(names, contents, strict=True)}
        return {number: Part.from_json(part) for number, part in sorted(parts.items())}

    def forget(self, stages: Iterable[Stage]) -> None:
        """Take back that stages were done."""
        for stage in stages:
            for name in (f"done/{stage}.json", f"done/{stage}"):
                (self._folder / name).remove()

    def remove(self) -> None:
        """Remove all notes: the data set is finished."""
        # First what makes a run go on from the others.
        (self._folder / BATCH).remove()
        self._folder.remove()

    @property
    def _folder(self) -> Place:
        return Place(self.output) / IN_PROGRESS
