"""The first entries of a folder: what it contains, and whether its folders can be labels."""

import logging
from dataclasses import dataclass

from landmark_lib.inputs.names import has_image_ending
from landmark_lib.inputs.remarks import IGNORED
from landmark_lib.inputs.tars import is_tar
from landmark_lib.inputs.walk import Child, children
from landmark_lib.storage import Place

logger = logging.getLogger(__name__)

# A folder may contain a million images; the first few show what it is.
ENTRIES_CHECKED = 256
FOLDERS_CHECKED = 4
ENTRIES_CHECKED_BELOW = 32
# Names of folders that split a data set, and their split.
SPLITS = {
    **dict.fromkeys(("train", "training", "trainset"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval"), "val"),
    **dict.fromkeys(("test", "testing", "testset"), "test"),
}


@dataclass(frozen=True)
class Look:
    """The first entries of a folder.

    Attributes:
        entries: The entries, without ignored ones.
        is_whole: Whether these are all.
    """

    entries: tuple[Child, ...]
    is_whole: bool

    @property
    def is_empty(self) -> bool:
        """Whether the folder has no entries, except for ignored ones."""
        return self.is_whole and not self.entries

    @property
    def failure(self) -> str | None:
        """Why the folder cannot be listed; None if it can."""
        return self.entries[0].detail if self.entries and not self.entries[0].path else None

    @property
    def folders(self) -> list[str]:
        """Names of the folders, in order."""
        return sorted(entry.path for entry in self.entries if entry.is_folder)


def look_into(place: Place, limit: int = ENTRIES_CHECKED) -> Look:
    """Return the first entries of a folder."""
    seen = list(children(place, "", with_sizes=False, limit=limit))
    return Look(tuple(entry for entry in seen if entry.reason != IGNORED), len(seen) < limit)


def holds_tars(place: Place, look: Look, option: str) -> bool:
    """Return whether a folder contains tars, and warn if it contains photos as well."""
    files = [entry.path for entry in look.entries if not entry.is_folder]
    tars, images = sum(map(is_tar, files)), sum(map(has_image_ending, files))
    if tars and (images or look.folders):
        read = "tars" if tars > images else "images"
        logger.warning(f"{option}: {place} contains tars beside images or folders; only its {read} are read")
    return tars > images


def warn_about_layout(place: Place, look: Look, option: str) -> None:
    """Warn if the folders in a folder are probably not labels: splits of the data, or the wrong level."""
    splits = [name for name in look.folders if name.lower() in SPLITS]
    if len({SPLITS[name.lower()] for name in splits}) > 1 or splits == look.folders != []:
        logger.warning(
            f"{option}: {', '.join(splits)} in {place} look like splits of the data, but are read as labels;"
            f" if they are splits, pass one of them: {option} {place / splits[0]}"
        )
        return
    first = look.folders[:FOLDERS_CHECKED]
    looks = [look_into(place / name, ENTRIES_CHECKED_BELOW) for name in first]
    if not first or not all(below.entries and len(below.folders) == len(below.entries) for below in looks):
        return
    if look.is_whole and len(look.folders) == 1:
        odd = f"{first[0]} is the only label in {place} and contains only folders"
    else:
        odd = f"the labels in {place} contain only folders, such as {first[0]}/{looks[0].folders[0]}"
    logger.warning(
        f"{option}: {odd}; if those are the labels, pass the folder above them: {option} {place / first[0]}"
    )
