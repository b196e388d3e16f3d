"""A batch: photos that are resized together. All of a new data set, or those added to a finished one."""

import re
from dataclasses import asdict, dataclass, field

from landmark_lib.dataset import CORPUS, REJECTED, FileRecord, Manifest
from landmark_lib.preprocess.journal import BATCH, BEFORE, Journal


@dataclass(frozen=True)
class Batch:
    """Photos that are resized together.

    Attributes:
        number: 0 for the first batch of a data set.
        parts: Number of parts; part k becomes file k of the batch in the corpus and in rejected/.
        rows: Photos by part; a part without any has no file.
        replaces_rejected: Whether the rejected photos of earlier batches are tried again in this one.
    """

    number: int = 0
    parts: int = 0
    rows: dict[int, int] = field(default_factory=dict)
    replaces_rejected: bool = False

    @property
    def photos(self) -> int:
        """Number of photos in all parts."""
        return sum(self.rows.values())


@dataclass(frozen=True)
class Earlier:
    """The results of earlier batches.

    Attributes:
        files: Their files of the corpus and of the rejected that stay.
        replaced: Their files of the rejected that the current batch replaces.
        enlarged: Their photos with a side shorter than the corpus's images.
    """

    files: list[FileRecord] = field(default_factory=list)
    replaced: list[FileRecord] = field(default_factory=list)
    enlarged: int = 0

    @property
    def listed(self) -> int:
        """Number of their photos that stay."""
        return sum(record.rows for record in self.files)


def write_batch(journal: Journal, batch: Batch, before: Manifest | None = None) -> None:
    """Record a batch, from which the next run resumes.

    Args:
        journal: Where to record it.
        batch: The photos, whose list is written.
        before: Manifest of the finished data set that they are added to.
    """
    if before is not None:
        journal.write(BEFORE, asdict(before))
    journal.write(BATCH, asdict(batch))


def read_batch(journal: Journal) -> Batch | None:
    """Return the recorded batch; None if there is none.

    Raises:
        LandmarkError: Its record is damaged.
    """
    return journal.read(BATCH, Batch)


def read_earlier(journal: Journal, batch: Batch) -> Earlier:
    """Return the results of the batches before a recorded one.

    Raises:
        LandmarkError: Their record is damaged.
    """
    before = journal.read(BEFORE, Manifest)
    if before is None:
        return Earlier()
    corpus, rejected = before.files_in(CORPUS), before.files_in(REJECTED)
    kept, replaced = ([], rejected) if batch.replaces_rejected else (rejected, [])
    return Earlier([*corpus, *kept], replaced, before.photos.get("enlarged", 0))


def next_number(manifest: Manifest) -> int:
    """Return the number of the next batch of a finished data set."""
    numbers = [re.search(r"-batch-(\d+)\.parquet$", record.path) for record in manifest.files]
    return 1 + max((int(found[1]) for found in numbers if found), default=0)
