"""Every error that the project defines, as one tree.

    LandmarkError               reported in one line, without a traceback; the job exits with 1
    ├── UserError               a mistake that the user can correct; the job exits with 2
    │   ├── NotADatasetError
    │   └── AddressError
    ├── SourceVanishedError
    ├── RanksDifferError
    ├── AnotherRankError
    ├── StorageError            caught as OSError, as what a disk raises
    ├── BadPhotoError           caught for each photo: it becomes a row of rejected/
    ├── UndecodableError        caught for each batch of training: the row is replaced
    ├── DivergedError           caught for each trial of a search, as are the three below
    ├── PrunedError
    ├── FailedError
    └── StoppedError

Pure functions raise ValueError for arguments that they cannot take.
"""


class LandmarkError(Exception):
    """A failure that is reported in one line without a traceback; the job exits with 1."""


class UserError(LandmarkError):
    """A mistake that the user can correct: a wrong path, a setting out of range; the job exits with 2."""


class NotADatasetError(UserError):
    """A directory without a readable `dataset.json`, so unfinished or never a data set."""


class AddressError(UserError, ValueError):
    """An address of no place: an unknown scheme, or not written as its scheme has it."""


class SourceVanishedError(LandmarkError):
    """The source of the photos went away while it was read; nothing is rejected for that."""


class RanksDifferError(LandmarkError):
    """The ranks' weights drifted apart: gradients or weights were not shared as they should be."""


class AnotherRankError(LandmarkError):
    """Another rank failed and reports why; this one only ends."""


class StorageError(LandmarkError, OSError):
    """A store did not answer, or refused: what its package raised, as an OSError."""


class BadPhotoError(LandmarkError):
    """An input that gives no photo.

    Attributes:
        reason: One of `dataset.Reason`.
        detail: What the decoder or the server said.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


class UndecodableError(LandmarkError):
    """An image does not decode; TensorFlow does not report which."""


class DivergedError(LandmarkError):
    """The loss of a training is NaN or infinite."""


class PrunedError(LandmarkError):
    """The trial is not worth continuing."""


class FailedError(LandmarkError):
    """The trial failed by itself; others may not."""


class StoppedError(LandmarkError):
    """This process was asked to stop."""

    def __init__(self, when: str = "") -> None:
        super().__init__(f"stopped{when}; run the same command again to resume")
