"""Every error the project raises on purpose, as one tree."""


class LandmarkError(Exception):
    """What the project reports in one line without a traceback; the job exits with 1."""


class UserError(LandmarkError):
    """A mistake that the user can mend: a wrong path, a setting out of range; the job exits with 2."""


class NotADatasetError(UserError):
    """A directory without a readable `dataset.json`, so unfinished or never a data set."""


class AddressError(UserError, ValueError):
    """An address of no place: an unknown scheme, or not written as its scheme has it."""


class RanksDifferError(LandmarkError):
    """The ranks' weights drifted apart: gradients or weights were not shared as they should be."""


class SourceVanishedError(LandmarkError):
    """The source of the photos went away while it was read; nothing is rejected for that."""


class AnotherRankError(LandmarkError):
    """Another rank failed and tells why; this one only ends."""


class StorageError(LandmarkError, OSError):
    """A store did not answer, or refused: what its package raised, as an OSError."""
