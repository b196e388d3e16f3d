"""All errors that the project defines, as one tree.

    LandmarkError               reported in one line, without a traceback; the job exits with 1
    ├── UserError               a mistake that the user can correct; the job exits with 2
    │   ├── NotADatasetError
    │   ├── NoSpaceError        caught per trial of a search, which is then trained without cached features
    │   └── AddressError        also a ValueError
    ├── SourceVanishedError
    ├── RanksDifferError
    ├── AnotherRankError
    ├── StorageError            also an OSError, like the errors of a disk
    ├── BadPhotoError           caught per photo, which becomes a row of rejected/
    ├── UndecodableError        caught per batch of training, whose bad rows are replaced
    ├── DivergedError           caught per trial of a search, like the three below
    ├── PrunedError
    ├── FailedError
    └── StoppedError

Pure functions raise ValueError for invalid arguments.
"""

RESUME = "run the same command again to resume"


class LandmarkError(Exception):
    """A failure that is reported in one line, without a traceback; the job exits with 1."""


class UserError(LandmarkError):
    """A mistake that the user can correct: a wrong path, a setting out of range; the job exits with 2."""


class NotADatasetError(UserError):
    """A directory without a readable `dataset.json`: an unfinished data set, or none."""


class NoSpaceError(UserError):
    """A disk that cannot hold what is to be written on it."""


class AddressError(UserError, ValueError):
    """An invalid address: an unknown scheme, or one that its scheme does not allow."""


class SourceVanishedError(LandmarkError):
    """The source of the photos disappeared while it was read; no photo is rejected for that."""


class RanksDifferError(LandmarkError):
    """The ranks have different weights: gradients or weights were not synchronized."""


class AnotherRankError(LandmarkError):
    """Another rank failed and reports the reason; this one only exits.

    Attributes:
        mistake: Whether the other rank's error is a UserError.
    """

    def __init__(self, message: str, *, mistake: bool = False) -> None:
        super().__init__(message)
        self.mistake = mistake


class StorageError(LandmarkError, OSError):
    """An object store failed or refused: its package's error as an OSError."""


class BadPhotoError(LandmarkError):
    """An input that cannot be used as a photo.

    Attributes:
        reason: One of `dataset.Reason`.
        detail: The message of the decoder or the server.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


class UndecodableError(LandmarkError):
    """An image of a batch does not decode; TensorFlow does not report which."""


class DivergedError(LandmarkError):
    """The loss of a training is NaN or infinite."""


class PrunedError(LandmarkError):
    """The trial is not worth continuing."""


class FailedError(LandmarkError):
    """The trial failed; others may succeed."""


class StoppedError(LandmarkError):
    """This process was asked to stop."""

    def __init__(self, when: str = "") -> None:
        super().__init__(f"stopped{when}; {RESUME}")
