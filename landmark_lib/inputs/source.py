"""What a user named as input, found out once, and what is wrong with it before anything is listed."""

from dataclasses import dataclass
from typing import Literal

from landmark_lib import dataset
from landmark_lib.errors import NotADatasetError, UserError
from landmark_lib.inputs.csv_bytes import GZIP, MARKS, ZIP
from landmark_lib.inputs.csv_file import read_header
from landmark_lib.inputs.label_list import check_header
from landmark_lib.inputs.layout import Look, holds_tars, look_into, tell_layout
from landmark_lib.inputs.names import has_image_ending, printable
from landmark_lib.inputs.tars import check_tars, is_tar
from landmark_lib.settings import SourceSettings
from landmark_lib.storage import Place

# Of lists, the endings of what packs them included.
LIST_ENDINGS = (".csv", ".tsv", ".tab", ".txt", ".gz", ".zip")
SNIFFED = 512  # bytes


@dataclass(frozen=True)
class Source:
    """Where photos come from.

    Attributes:
        kind: What `place` is: a folder of folders named by label or, without labels, with photos anywhere
            below; a folder of images that a list tells about; a list of addresses; a tar or a folder of tars;
            one photo.
        place: The folder or file.
        labels: The list that tells about the images or tars.
        unlabelled: Photos have no labels.
        option: Of the command line, that named the place.
    """

    kind: Literal["folders", "images", "csv", "tar", "photo"]
    place: Place
    labels: Place | None = None
    unlabelled: bool = False
    option: str = "--input"


def find_source(settings: SourceSettings, option: str = "--input") -> Source:
    """Find out what a user named, and look for mistakes that show before anything is listed.

    A folder with a list holds tars or images, a folder without a list folders named by label; without labels
    to know (`unlabelled`) it holds tars or photos. A file is a tar or a photo if it is named so or looks so,
    else a CSV. A CSV without a column url tells about the images or tars beside it.

    However large the folder is, only its first entries are looked at. What looks odd about them is warned of.

    Args:
        settings: What the user named.
        option: Of the command line, that named it.

    Raises:
        UserError: Nothing is there, or not what `kind` says, or a data set; labels are missing or of no use;
            a list has another header; tars are compressed.
    """
    place = Place(settings.address)
    if is_dataset(place):
        raise UserError(f"{option}: {place} is a data set already; name the photos that it was made of")
    if printable(place.uri) != place.uri:
        raise UserError(f"{option}: expected a path in UTF-8, received {printable(place.address)}")
    if place.is_dir():
        return _find_in_folder(settings, place, option)
    if not place.exists():
        raise UserError(f"{option}: no such folder or file: {place}")
    if not place.is_file():
        raise UserError(f"{option}: expected a folder or a file, {place} is neither")
    return _find_in_file(settings, place, option)


def is_dataset(place: Place) -> bool:
    """Return whether a folder is a finished data set."""
    if not place.is_dir() or not dataset.has_manifest(place.address):
        return False
    try:
        dataset.read_manifest(place.address)
    except NotADatasetError:  # somebody else's file of this name
        return False
    return True


def _find_in_folder(settings: SourceSettings, place: Place, option: str) -> Source:
    if settings.kind == "csv":
        raise UserError(f"--kind csv: expected a file as {option}, received the folder {place}")
    look = look_into(place)
    if look.is_empty:
        raise UserError(f"{option}: the folder is empty: {place}")
    if look.failure is not None:
        raise UserError(f"{option}: {place}: {look.failure}")
    labels = None if settings.labels is None else Place(settings.labels)
    kind = _kind_of_folder(settings, look, option) if settings.kind == "auto" else settings.kind
    source = Source(kind, place, labels, settings.unlabelled, option)
    if kind == "folders":
        _check_folders(source, look)
    else:
        _check_list(source)
    return source


def _kind_of_folder(settings: SourceSettings, look: Look, option: str) -> Literal["folders", "images", "tar"]:
    if settings.labels is None and not settings.unlabelled:
        return "folders"
    if holds_tars(Place(settings.address), look, option):
        return "tar"
    return "folders" if settings.labels is None else "images"


def _check_folders(source: Source, look: Look) -> None:
    if source.labels is not None:
        raise UserError(f"--labels: expected none with --kind folders, received {source.labels}")
    if source.unlabelled:
        return
    if look.is_whole and not look.folders:
        raise no_label_folders(source)
    tell_layout(source.place, look, source.option)


def no_label_folders(source: Source) -> UserError:
    """Return what to tell where a folder should hold folders named by label, and does not."""
    return UserError(
        f"{source.option}: expected folders named by label in {source.place}, found files only;"
        " their labels can be given with --labels, or left out with --unlabelled"
    )


def _check_list(source: Source) -> None:
    if source.labels is not None:
        header = read_header(source.labels, "--labels")
        check_header(header, "--labels", unlabelled=source.unlabelled, url=False)
    elif not source.unlabelled:
        raise UserError(
            f"--labels: expected a CSV with the labels of the photos in {source.place}, received none;"
            " --unlabelled takes them without"
        )
    if source.kind == "tar":
        check_tars(source.place, source.option)


def _find_in_file(settings: SourceSettings, place: Place, option: str) -> Source:
    labels = None if settings.labels is None else Place(settings.labels)
    kind = _kind_of_file(place, option) if settings.kind == "auto" else settings.kind
    if kind == "folders":
        raise UserError(f"--kind folders: expected a folder as {option}, received {place}")
    if kind == "tar":
        source = Source("tar", place, labels, settings.unlabelled, option)
        _check_list(source)
        return source
    if kind == "photo":
        if not settings.unlabelled:
            raise UserError(
                f"{option}: expected a folder of folders named by label, or a list, received a photo: {place}"
            )
        return Source("photo", place, None, unlabelled=True, option=option)
    return _find_list(settings, place, option)


def _kind_of_file(place: Place, option: str) -> Literal["tar", "photo", "csv"]:
    name = place.name.lower()
    if is_tar(name):
        return "tar"
    if has_image_ending(name):
        return "photo"
    if name.endswith(LIST_ENDINGS):
        return "csv"
    try:
        with place.open() as file:
            start = file.read(SNIFFED)
    except OSError as error:
        raise UserError(f"{option}: cannot read {place}: {error.strerror or error}") from None
    is_text = start.startswith((GZIP, ZIP, *MARKS)) or not any(byte < 9 or 13 < byte < 27 for byte in start)
    return "csv" if is_text else "photo"


def _find_list(settings: SourceSettings, place: Place, option: str) -> Source:
    header = read_header(place, option)
    names = set(header.names)
    id_columns = {"id"} if settings.unlabelled else {"id", "landmark_id"}
    tells_ids = settings.labels is None and (id_columns <= names or {"landmark_id", "images"} <= names)
    if settings.kind == "images" and not tells_ids:
        raise UserError(f"--kind images: expected a folder as {option}, received {place}")
    if settings.kind != "csv" and tells_ids and (settings.kind == "images" or "url" not in names):
        # The list tells about what lies beside it.
        beside = SourceSettings(place.parent.address, place.address, settings.kind, settings.unlabelled)
        return _find_in_folder(beside, place.parent, option)
    if settings.labels is not None:
        raise UserError(
            f"--labels: expected none, since {place} is a list itself; received {settings.labels}"
        )
    check_header(header, option, unlabelled=settings.unlabelled, url=True)
    return Source("csv", place, None, settings.unlabelled, option)
