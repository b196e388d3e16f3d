"""Tar files, listed by their headers without unpacking anything.

The id of a member is its name without folders and ending. What a broken archive lost is one row with the
archive's name. Links in an archive are rows that are rejected.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

import pyarrow as pa

from landmark_lib.dataset import Reason
from landmark_lib.errors import UserError
from landmark_lib.inputs.names import image_id_of, is_litter, printable
from landmark_lib.inputs.remarks import IGNORED
from landmark_lib.inputs.schema import FOUND_SCHEMA
from landmark_lib.inputs.tar_members import Loss, Member, read_members
from landmark_lib.inputs.walk import children
from landmark_lib.storage import Place, open_address

ENDING = ".tar"
COMPRESSED_ENDINGS = (".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".tbz2", ".txz")
COMPRESSED_STARTS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")
ROWS_PER_BATCH = 8_192
LOSSES_SHOWN = 3


def is_tar(name: str) -> bool:
    """Return whether a file is named like a tar, plain or compressed."""
    return name.lower().endswith((ENDING, *COMPRESSED_ENDINGS))


def find_tars(place: Place, option: str) -> list[Place]:
    """Return the URIs of the tar files in a folder, in order, or of the single tar file at the place.

    Raises:
        UserError: There are none, or one is compressed, cannot be read, or has a name that is not UTF-8.
    """
    if not place.is_dir():
        _refuse_compressed(place.uri, option)
        found = [Place(place.uri)]
    else:
        found = []
        for child in children(place, "", with_sizes=False):
            if child.is_folder or child.reason == IGNORED:
                continue
            _refuse_compressed(child.path, option)
            if not child.path.lower().endswith(ENDING):
                continue
            if printable(child.path) != child.path:
                raise UserError(f"{option}: the name of a tar is not UTF-8: {printable(child.path)}")
            if child.reason is not None:
                raise UserError(f"{option}: {place}/{child.path} cannot be read: {child.detail}")
            found.append(Place(f"{place.uri}/{child.path}"))
        found.sort()
    if not found:
        raise UserError(f"{option}: no {ENDING} files in {place}")
    with found[0].open() as file:
        start = file.read(8)
    _refuse_compressed(found[0].address, option, start)
    return found


def _refuse_compressed(name: str, option: str, start: bytes = b"") -> None:
    if name.lower().endswith(COMPRESSED_ENDINGS) or start.startswith(COMPRESSED_STARTS):
        raise UserError(
            f"{option}: {printable(name)} is compressed, so photos in it cannot be read in place;"
            " decompress it to a .tar (photos hardly compress)"
        )


def list_tar(archive: Place) -> Iterator[pa.RecordBatch]:
    """Yield the members of a tar, given by its URI, in rows of FOUND_SCHEMA; the last row is what it lost."""
    rows: list[dict[str, Any]] = []
    losses: list[Loss] = []
    with _open_unbuffered(archive) as file:
        for found in read_members(file, file.seek(0, 2)):
            if isinstance(found, Loss):
                losses.append(found)
                continue
            rows.append(_row(archive.address, found))
            if len(rows) == ROWS_PER_BATCH:
                yield pa.RecordBatch.from_pylist(rows, FOUND_SCHEMA)
                rows.clear()
    if losses:
        shown = "; ".join(loss.detail for loss in losses[:LOSSES_SHOWN])
        more = f"; and {len(losses) - LOSSES_SHOWN} more" if len(losses) > LOSSES_SHOWN else ""
        lost = {
            "image_id": None,
            "path": archive.name,
            "uri": archive.address,
            "reason": Reason.BROKEN_ARCHIVE,
            "detail": printable(shown) + more,
            "is_photo": False,
        }
        rows.append(lost)
    yield pa.RecordBatch.from_pylist(rows, FOUND_SCHEMA)


def _open_unbuffered(archive: Place) -> AbstractContextManager[BinaryIO]:
    """Open a tar so that only requested bytes are read."""
    if archive.is_local:
        return archive.path.open("rb", buffering=0)
    filesystem, path = open_address(archive.address)
    opened: AbstractContextManager[BinaryIO] = filesystem.open(path, "rb", cache_type="none")
    return opened


def _row(archive: str, member: Member) -> dict[str, Any]:
    name = printable(member.name)
    path = name.removeprefix("./")
    row = {"uri": f"{archive}/{name}", "archive": archive, "offset": member.offset, "path": path}
    if any(map(is_litter, path.split("/"))):
        return {**row, "reason": IGNORED, "is_photo": False}
    return {
        **row,
        "image_id": image_id_of(path),
        "reason": member.reason,
        "detail": None if member.detail is None else printable(member.detail),
        "size": member.size,
        "is_photo": True,
    }
