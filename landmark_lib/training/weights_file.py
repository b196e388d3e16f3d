"""What a file of weights may be made of: numbers that lie in it, and not more of them than memory holds.

HDF5 lets a file point into any other that its reader may read, and claim arrays of any size. Keras 3.8, which
is locked here, follows and believes it (CVE-2026-1669, CVE-2026-0897), so a file is looked through before
Keras sees it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import h5py

LARGEST_WEIGHTS = 8_000_000_000  # bytes; the largest of keras.applications has 1.4 billion


def check_weights(file: Path | IO[bytes]) -> None:
    """Make sure that an HDF5 file holds all that it names, and no more than any model of ours needs.

    Raises:
        OSError: It is no HDF5 file.
        ValueError: It points to other files, or claims more than 8 GB.
    """
    with h5py.File(file, "r") as content:
        size = sum(int(numbers.size) * int(numbers.dtype.itemsize) for numbers in _arrays(content))
    if size > LARGEST_WEIGHTS:
        raise ValueError(f"its weights claim {size} bytes")


def _arrays(content: Any) -> Iterator[Any]:
    """Give all arrays of a file, each once.

    Raises:
        ValueError: One lies elsewhere.
    """
    waiting, seen = [content], set()
    while waiting:
        group = waiting.pop()
        for name in group:
            is_within = isinstance(group.get(name, getlink=True), h5py.HardLink)
            part = group[name] if is_within else None
            if part is None or _lies_elsewhere(part):
                raise ValueError(f"its weights {name!r:.60} lie elsewhere")
            place = h5py.h5o.get_info(part.id).addr
            if place in seen:
                continue
            seen.add(place)
            if isinstance(part, h5py.Group):
                waiting.append(part)
            elif isinstance(part, h5py.Dataset):
                yield part


def _lies_elsewhere(part: Any) -> bool:
    return isinstance(part, h5py.Dataset) and bool(part.external or part.is_virtual)
