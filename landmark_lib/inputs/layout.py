"""A look at the first entries of a folder: what it holds, and whether its folders are labels at all."""

import logging
from dataclasses import dataclass

from landmark_lib.inputs.names import has_image_ending
from landmark_lib.inputs.remarks import PASSED_OVER
from landmark_lib.inputs.tars import is_tar
from landmark_lib.inputs.walk import Child, children
from landmark_lib.storage import Place

logger = logging.getLogger(__name__)

# A folder may hold a million images; so many entries say what it is.
LOOKED_AT = 256
FOLDERS_LOOKED_INTO = 4
LOOKED_AT_BELOW = 32
# Names of folders that split data, and which part they are.
SPLITS = {
    **dict.fromkeys(("train", "training", "trainset"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval"), "val"),
    **dict.fromkeys(("test", "testing", "testset"), "test"),
}


@dataclass(frozen=True)
class Look:
    """The first entries of a folder.

    Attributes:
        entries: Without what is passed over.
        is_whole: Whether these are all.
    """

    entries: tuple[Child, ...]
    is_whole: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing, what is passed over aside."""
        return self.is_whole and not self.entries

    @property
    def failure(self) -> str | None:
        """Why the folder cannot be listed, if it cannot."""
        return self.entries[0].detail if self.entries and not self.entries[0].path else None

    @property
    def folders(self) -> list[str]:
        """Names of the folders, in order."""
        return sorted(entry.path for entry in self.entries if entry.is_folder)


def look_into(place: Place, most: int = LOOKED_AT) -> Look:
    """Look at the first entries of a folder, at so many at most."""
    seen = list(children(place, "", with_sizes=False, most=most))
    return Look(tuple(entry for entry in seen if entry.reason != PASSED_OVER), len(seen) < most)


def holds_tars(place: Place, look: Look, option: str) -> bool:
    """Return whether tars are what a folder holds, and warn where it holds photos as well."""
    files = [entry.path for entry in look.entries if not entry.is_folder]
    tars, images = sum(map(is_tar, files)), sum(map(has_image_ending, files))
    if tars and (images or look.folders):
        read = "tars" if tars > images else "images"
        logger.warning(f"{option}: {place} holds tars beside images or folders; only its {read} are read")
    return tars > images


def tell_layout(place: Place, look: Look, option: str) -> None:
    """Warn where the folders in a folder hardly are labels: splits of the data, or one level too high."""
    splits = [name for name in look.folders if name.lower() in SPLITS]
    if len({SPLITS[name.lower()] for name in splits}) > 1 or splits == look.folders != []:
        logger.warning(
            f"{option}: {', '.join(splits)} in {place} look like splits of the data, but count as labels;"
            f" if they are splits, name one of them: {option} {place / splits[0]}"
        )
        return
    first = look.folders[:FOLDERS_LOOKED_INTO]
    looks = [look_into(place / name, LOOKED_AT_BELOW) for name in first]
    if not first or not all(below.entries and len(below.folders) == len(below.entries) for below in looks):
        return
    if look.is_whole and len(look.folders) == 1:
        odd = f"{first[0]} is the only label in {place}, and holds nothing but folders"
    else:
        odd = f"the labels in {place} hold nothing but folders, such as {first[0]}/{looks[0].folders[0]}"
    logger.warning(
        f"{option}: {odd}; if those are the labels, name the folder above them: {option} {place / first[0]}"
    )
