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
from typing import Any, TypeVar

from landmark_lib.dataset import IN_PROGRESS, FileRecord
from landmark_lib.decoding import decode
from landmark_lib.errors import LandmarkError
from landmark_lib.storage import Place

SETTINGS = "settings.json"
BATCH = "batch.json"
BEFORE = "before.json"
READERS = 16  # at a time; a store answers in 50 ms
Noted = TypeVar("Noted")
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

    def has(self, name: str) -> bool:
        """Return whether one of the files named above is there."""
        return (self._folder / name).exists()

    def read(self, name: str, kind: type[Noted]) -> Noted | None:
        """Read one of the files named above; None where there is none.

        Args:
            name: The file.
            kind: What `asdict` and JSON made it of.

        Raises:
            LandmarkError: It is damaged.
        """
        place = self._folder / name
        try:
            return decode(kind, place.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError as error:
            raise LandmarkError(
                f"{place} cannot be read: {error}; remove {self.output} to begin again"
            ) from None

    def commit(self, stage: Stage, number: int, part: Part) -> None:
        """Note that a part is done; called in the task that did it."""
        self.write(f"done/{stage}/{number}.json", asdict(part))

    def close(self, stage: Stage, parts: Mapping[int, Part]) -> None:
        """Note that a stage is done with all its parts."""
        self.write(f"done/{stage}.json", {str(number): asdict(part) for number, part in parts.items()})

    def is_closed(self, stage: Stage) -> bool:
        """Tell whether all parts of a stage are done."""
        return self.has(f"done/{stage}.json")

    def parts(self, stage: Stage) -> dict[int, Part]:
        """Give what is done of a stage, by the number of the part."""
        closed = self.read(f"done/{stage}.json", dict[int, Part])
        if closed is not None:
            return closed
        names = [name for name in (self._folder / "done" / stage).names() if name.endswith(".json")]
        with ThreadPoolExecutor(READERS) as readers:
            found = readers.map(lambda name: self.read(f"done/{stage}/{name}", Part), names)
            parts = {int(name[:-5]): part for name, part in zip(names, found, strict=True) if part}
        return dict(sorted(parts.items()))

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
