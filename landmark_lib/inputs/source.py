"""The source that a user named, and mistakes that show before anything is listed."""

from dataclasses import dataclass
from typing import Literal

from landmark_lib import dataset
from landmark_lib.errors import NotADatasetError, UserError
from landmark_lib.inputs.csv_bytes import GZIP, MARKS, ZIP
from landmark_lib.inputs.csv_file import read_header
from landmark_lib.inputs.label_list import check_header
from landmark_lib.inputs.layout import holds_tars, look_into, warn_about_layout
from landmark_lib.inputs.names import has_image_ending, printable
from landmark_lib.inputs.tars import find_tars, is_tar
from landmark_lib.settings import SourceSettings
from landmark_lib.storage import Place

# Of lists, including compressed ones.
LIST_ENDINGS = (".csv", ".tsv", ".tab", ".txt", ".gz", ".zip")
SNIFFED = 512  # bytes


@dataclass(frozen=True)
class Source:
    """Where photos come from.

    Attributes:
        kind: What `place` is: a folder of folders named by label or, without labels, with photos anywhere
            below; a folder of images with a label list; a list of addresses; a tar or a folder of tars; one
            photo.
        place: The folder or file.
        labels: The label list of the images or tars.
        unlabelled: Photos have no labels.
        option: The command-line option that names the place.
        tars: The tars, by their URIs.
    """

    kind: Literal["folders", "images", "csv", "tar", "photo"]
    place: Place
    labels: Place | None = None
    unlabelled: bool = False
    option: str = "--input"
    tars: tuple[Place, ...] = ()


def find_source(settings: SourceSettings, option: str = "--input") -> Source:
    """Return the source that a user named.

    A folder with a list contains tars or images. A folder without a list contains folders named by label or,
    if `unlabelled`, tars or photos. A file is a tar or a photo if its name or its first bytes say so, else a
    CSV. A CSV without a column url is the label list of the images or tars beside it.

    Only the first entries of a folder are read, however large it is. Warn if they look odd.

    Args:
        settings: What the user named.
        option: The command-line option that names it.

    Raises:
        UserError: The place does not exist, is not what `kind` says, or is a data set; labels are missing or
            not usable; a list has another header; tars are compressed.
    """
    place = Place(settings.address)
    if is_dataset(place):
        raise UserError(f"{option}: {place} is a data set already; name the photos that it was made from")
    if printable(place.uri) != place.uri:
        raise UserError(f"{option}: expected a path in UTF-8, received {printable(place.address)}")
    if place.is_dir():
        return _find_in_folder(settings, place, option)
    if not place.exists():
        raise UserError(f"{option}: no such folder or file: {place}")
    if not place.is_file():
        raise UserError(f"{option}: expected a folder or a file, {place} is neither")
    kind = _kind_of_file(place, option) if settings.kind == "auto" else settings.kind
    if kind == "folders":
        raise UserError(f"--kind folders: expected a folder as {option}, received {place}")
    if kind == "tar":
        return _with_list(settings, kind, place, option)
    if kind != "photo":
        return _find_list(settings, place, option)
    if not settings.unlabelled:
        raise UserError(
            f"{option}: expected a folder of folders named by label, or a list, received a photo: {place}"
        )
    return Source("photo", place, None, unlabelled=True, option=option)


def is_dataset(place: Place) -> bool:
    """Return whether a folder is a finished data set."""
    if not place.is_dir() or not dataset.has_manifest(place.address):
        return False
    try:
        dataset.read_manifest(place.address)
    except NotADatasetError:  # another program's file with this name
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
    kind = settings.kind
    if kind == "auto":
        kind = "folders" if settings.labels is None else "images"
        if (settings.labels is not None or settings.unlabelled) and holds_tars(place, look, option):
            kind = "tar"
    if kind != "folders":
        return _with_list(settings, kind, place, option)
    if settings.labels is not None:
        raise UserError(f"--labels: expected none with --kind folders, received {Place(settings.labels)}")
    source = Source(kind, place, None, settings.unlabelled, option)
    if not source.unlabelled and look.is_whole and not look.folders:
        raise no_label_folders(source)
    if not source.unlabelled:
        warn_about_layout(place, look, option)
    return source


def no_label_folders(source: Source) -> UserError:
    """Return the error for a folder that should contain folders named by label, and does not."""
    return UserError(
        f"{source.option}: expected folders named by label in {source.place}, found only files;"
        " pass their labels with --labels, or use --unlabelled"
    )


def too_few_photos(min_count: int, largest: int) -> UserError:
    """Return the error for photos whose labels would all be dropped."""
    return UserError(f"--min-label-count: no label has {min_count} photos, the largest has {largest}")


def _with_list(settings: SourceSettings, kind: Literal["images", "tar"], place: Place, option: str) -> Source:
    labels = None if settings.labels is None else Place(settings.labels)
    if labels is not None:
        header = read_header(labels, "--labels")
        check_header(header, "--labels", unlabelled=settings.unlabelled, url=False)
    elif not settings.unlabelled:
        raise UserError(
            f"--labels: expected a CSV with the labels of the photos in {place}, received none;"
            " --unlabelled reads them without labels"
        )
    tars = find_tars(place, option) if kind == "tar" else ()
    return Source(kind, place, labels, settings.unlabelled, option, tuple(tars))


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
    has_ids = settings.labels is None and (id_columns <= names or {"landmark_id", "images"} <= names)
    if settings.kind == "images" and not has_ids:
        raise UserError(f"--kind images: expected a folder as {option}, received {place}")
    if settings.kind != "csv" and has_ids and (settings.kind == "images" or "url" not in names):
        # The label list of the files beside it.
        beside = SourceSettings(place.parent.address, place.address, settings.kind, settings.unlabelled)
        return _find_in_folder(beside, place.parent, option)
    if settings.labels is not None:
        raise UserError(
            f"--labels: expected none, since {place} is a list itself; received {settings.labels}"
        )
    check_header(header, option, unlabelled=settings.unlabelled, url=True)
    return Source("csv", place, None, settings.unlabelled, option)
