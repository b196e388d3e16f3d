"""Checks of weights files: uncompressed numbers, all in the file itself.

HDF5 lets a file link to any other that its reader can open, claim arrays of any size, and compress them so
that a few bytes become many. Keras 3.8, which is locked here, follows such links and believes such sizes
(CVE-2026-1669, CVE-2026-0897), so a file is checked before Keras sees it.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import h5py

from landmark_lib.errors import UserError
from landmark_lib.settings.train import SAMPLE_BACKBONE

# Attribute of Keras 2, whole or split into numbered ones, that names the arrays of a layer. Keras reads an
# array as often as it is named.
WEIGHT_NAMES = "weight_names"
# What h5py raises for a damaged file.
DAMAGED = (AttributeError, KeyError, RuntimeError, TypeError)


def check_weights(path: Path) -> int:
    """Check that an HDF5 file holds all that it names, once and uncompressed.

    Returns:
        The size of its arrays, in bytes.

    Raises:
        OSError: It is not an HDF5 file.
        ValueError: It links to other files, is compressed or damaged, or claims more bytes than it has.
    """
    held = named = 0
    try:
        with h5py.File(path, "r") as content:
            for part in list(_parts(content)):  # all of them, before a name is followed
                if isinstance(part, h5py.Dataset):
                    held += _size(part)
                else:
                    lists = [part.attrs[name] for name in part.attrs if name.startswith(WEIGHT_NAMES)]
                    named += sum(_size(part[name]) for names in lists for name in names)
    except DAMAGED as error:
        raise ValueError(f"its weights are damaged ({error})") from None
    # Arrays may share their bytes, or have none.
    if max(held, named) > path.stat().st_size:
        raise ValueError(f"its weights claim {max(held, named)} bytes, more than the file has")
    return held


@contextmanager
def sample_weights() -> Iterator[Path]:
    """Yield the file of the weights that come with `landmark_sample`, trained on rendered landmarks.

    Raises:
        UserError: `landmark_sample` or its weights are not installed, or they are not those that were made.
    """
    try:
        folder = files("landmark_sample") / "weights"
    except ModuleNotFoundError:
        raise UserError(
            "--weights: 'sample' needs the package landmark_sample, which is not installed"
        ) from None
    description = folder / f"{SAMPLE_BACKBONE}.json"
    with as_file(folder / f"{SAMPLE_BACKBONE}.weights.h5") as path:
        try:
            received = hashlib.sha256(path.read_bytes()).hexdigest()
            expected = json.loads(description.read_text("utf-8"))["sha256"]
        except FileNotFoundError as error:
            raise UserError(
                f"--weights: {error.filename} is missing; install landmark_sample again"
            ) from None
        if received != expected:
            raise UserError(
                f"--weights: {path} is damaged: expected the SHA-256 of {description.name}, {expected},"
                f" received {received}; install landmark_sample again"
            )
        yield path


def _parts(content: Any) -> Iterator[Any]:
    """Yield the groups and arrays of a file, each once, the file itself included.

    Raises:
        ValueError: One is a link to another file, is compressed, or does not hold numbers.
    """
    waiting, seen = [content], {h5py.h5o.get_info(content.id).addr}
    while waiting:
        group = waiting.pop()
        yield group
        for name in group:
            is_within = isinstance(group.get(name, getlink=True), h5py.HardLink)
            part = group[name] if is_within else None
            if part is None or (isinstance(part, h5py.Dataset) and (part.external or part.is_virtual)):
                raise ValueError(f"links and external data are not allowed: {name!r:.60}")
            place = h5py.h5o.get_info(part.id).addr
            if place in seen:
                continue
            seen.add(place)
            if isinstance(part, h5py.Group):
                waiting.append(part)
            elif isinstance(part, h5py.Dataset):
                _check_array(part, name)
                yield part


def _check_array(array: Any, name: str) -> None:
    # A chunk of a compressed array may become larger than the array.
    if array.id.get_create_plist().get_nfilters():
        raise ValueError(
            f"its weights {name!r:.60} are compressed by a filter of HDF5; Keras does not compress them"
        )
    if array.dtype.hasobject:
        raise ValueError(f"its weights {name!r:.60} are not numbers")


def _size(array: Any) -> int:
    return int(array.size or 0) * int(array.dtype.itemsize)
