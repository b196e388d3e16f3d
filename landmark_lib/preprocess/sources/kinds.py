"""What a source is, found out where it is not said, and what is wrong with it before anything is listed."""

from dataclasses import replace

from landmark_lib.errors import UserError
from landmark_lib.preprocess.sources.address import Place, locate
from landmark_lib.preprocess.sources.csv_list import check_csv
from landmark_lib.preprocess.sources.folders import check_folders
from landmark_lib.preprocess.sources.label_list import check_header, read_header
from landmark_lib.preprocess.sources.tars import check_tars, is_tar
from landmark_lib.preprocess.sources.walk import children
from landmark_lib.settings import SourceSettings


def resolve(source: SourceSettings) -> SourceSettings:
    """Find out the kind of a source, its folder and its label list.

    A folder with labels holds tars or images, a folder without labels holds folders named by label; without
    labels to know (`unlabelled`) it holds tars or photos. A file is a tar if it is named so, else a CSV. A
    CSV without a column url tells the labels of the images or tars beside it.

    Raises:
        UserError: Nothing is there, or it is not what `kind` says.
    """
    place = locate(source.address)
    if place.filesystem.isdir(place.path):
        if source.kind == "csv":
            raise UserError(f"--kind csv: expected a file as --input, received the folder {source.address}")
        return source if source.kind != "auto" else _resolve_folder(source, place)
    if not place.filesystem.exists(place.path):
        raise UserError(f"--input: no such folder or file: {source.address}")
    return _resolve_file(source, place)


def _resolve_folder(source: SourceSettings, place: Place) -> SourceSettings:
    if source.labels is None and not source.unlabelled:
        return replace(source, kind="folders")
    if any(is_tar(child.path) for child in children(place, "", with_sizes=False)):
        return replace(source, kind="tar")
    return replace(source, kind="folders" if source.labels is None else "images")


def _resolve_file(source: SourceSettings, place: Place) -> SourceSettings:
    if source.kind == "tar" or (source.kind == "auto" and is_tar(place.path)):
        return replace(source, kind="tar")
    if source.kind == "folders":
        raise UserError(f"--kind folders: expected a folder as --input, received {source.address}")
    header = set(read_header(place, "--input"))
    wanted = [{"id"}] if source.unlabelled else [{"id", "landmark_id"}, {"landmark_id", "images"}]
    tells_labels = source.labels is None and any(names <= header for names in wanted)
    if source.kind == "images" and not tells_labels:
        raise UserError(f"--kind images: expected a folder as --input, received {source.address}")
    if source.kind == "csv" or not tells_labels or (source.kind == "auto" and "url" in header):
        return replace(source, kind="csv")
    beside = replace(source, address=place.folder_uri, labels=place.uri)
    return beside if source.kind != "auto" else _resolve_folder(beside, locate(beside.address))


def check(source: SourceSettings) -> None:
    """Look for mistakes in a source of a known kind.

    Raises:
        UserError: An empty folder, labels missing or of no use, a list with another header, compressed tars.
    """
    place = locate(source.address)
    if place.filesystem.isdir(place.path):
        first = next(children(place, "", with_sizes=False), None)
        if first is None:
            raise UserError(f"--input: the folder is empty: {source.address}")
        if first.reason is not None and not first.path:
            raise UserError(f"--input: {source.address}: {first.detail}")
    if source.kind == "folders":
        check_folders(source)
    elif source.kind == "csv":
        check_csv(source)
    else:
        _check_labels(source)
        if source.kind == "tar":
            check_tars(source)


def _check_labels(source: SourceSettings) -> None:
    if source.labels is not None:
        header = read_header(locate(source.labels), "--labels")
        check_header(header, "--labels", unlabelled=source.unlabelled, url=False)
    elif not source.unlabelled:
        raise UserError(
            f"--labels: expected a CSV with the labels of the photos in {source.address}, received none;"
            " --unlabelled takes them without"
        )
