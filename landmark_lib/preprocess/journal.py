"""The journal of a running job: notes beside an unfinished data set from which the next run resumes.

    <dataset>/in-progress/
      settings.json         the settings decided so far, by what they decide: the corpus, the plan
      batch.json            the batch of photos that this run resizes, once it is listed
      before.json           the manifest of the finished data set that the batch is added to
      list/                 the listed photos, cut into parts
      done/cleared.json     what the batch makes obsolete is removed
      done/<stage>/<k>.json part k of a stage is written: its files and counts
      done/<stage>.json     all parts of a stage are written, in one file

A part is noted after its files are complete. A part that is not noted is done again and gives the same bytes.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from landmark_lib.dataset import IN_PROGRESS, FileRecord
from landmark_lib.decoding import decode
from landmark_lib.errors import LandmarkError
from landmark_lib.settings import Stage
from landmark_lib.storage import Place

SETTINGS = "settings.json"
BATCH = "batch.json"
BEFORE = "before.json"
CLEARED = "done/cleared.json"
LIST = f"{IN_PROGRESS}/list"
READERS = 16  # concurrent reads; an object store takes 50 ms for each
Noted = TypeVar("Noted")


@dataclass(frozen=True)
class Part:
    """The result of one part of a stage.

    Attributes:
        records: The files written.
        counts: Further counts by name.
    """

    records: Sequence[FileRecord]
    counts: Mapping[str, int] = field(default_factory=dict)


def records_of(parts: Mapping[int, Part]) -> list[FileRecord]:
    """Return the files of all parts in the order of their paths."""
    return sorted((record for part in parts.values() for record in part.records), key=lambda r: r.path)


def total(parts: Mapping[int, Part], name: str) -> int:
    """Return the sum of a count over all parts."""
    return sum(part.counts.get(name, 0) for part in parts.values())


@dataclass(frozen=True)
class Journal:
    """The journal of the job that writes the data set `output`."""

    output: str

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Write one of the files above."""
        (self._folder / name).write(json.dumps(content, indent=1).encode())

    def has(self, name: str) -> bool:
        """Return whether one of the files above exists."""
        return (self._folder / name).exists()

    def read(self, name: str, kind: type[Noted]) -> Noted | None:
        """Return the content of one of the files above; None if it does not exist.

        Args:
            name: The file.
            kind: The type that was written, by `asdict` and JSON.

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
                f"{place} cannot be read: {error}; remove {self.output} to start again"
            ) from None

    def commit(self, stage: Stage, number: int, part: Part) -> None:
        """Note that a part is done; called in the task that did it."""
        self.write(f"done/{stage}/{number}.json", asdict(part))

    def close(self, stage: Stage, parts: Mapping[int, Part]) -> None:
        """Note that all parts of a stage are done."""
        self.write(f"done/{stage}.json", {str(number): asdict(part) for number, part in parts.items()})

    def is_closed(self, stage: Stage) -> bool:
        """Return whether all parts of a stage are done."""
        return self.has(f"done/{stage}.json")

    def parts(self, stage: Stage) -> dict[int, Part]:
        """Return the finished parts of a stage by number."""
        closed = self.read(f"done/{stage}.json", dict[int, Part])
        if closed is not None:
            return closed
        listed = (self._folder / "done" / stage).names()
        # A killed writer may have left partial files between them.
        names = [name for name in listed if re.fullmatch(r"[0-9]+\.json", name)]
        with ThreadPoolExecutor(READERS) as readers:
            found = readers.map(lambda name: self.read(f"done/{stage}/{name}", Part), names)
            parts = {int(name[:-5]): part for name, part in zip(names, found, strict=True) if part}
        return dict(sorted(parts.items()))

    def forget(self, stages: Iterable[Stage]) -> None:
        """Remove the notes of stages, which are then done again."""
        for stage in stages:
            for name in (f"done/{stage}.json", f"done/{stage}"):
                (self._folder / name).remove()

    def remove(self) -> None:
        """Remove the journal."""
        (self._folder / BATCH).remove()  # first, so that no run resumes from a journal removed halfway
        self._folder.remove()

    @property
    def _folder(self) -> Place:
        return Place(self.output) / IN_PROGRESS
