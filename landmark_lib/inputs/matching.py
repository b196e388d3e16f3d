"""The file that an id of a list means, even if ids and files are written differently.

An id is a file's name without folders and ending. The ids and files that remain are compared in further ways,
which must match them one to one. Ways that might be wrong are only suggested.
"""

import logging
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import NamedTuple

from landmark_lib.inputs.names import has_image_ending, image_id_of, without_image_ending

logger = logging.getLogger(__name__)

SHOWN = 3


@dataclass(frozen=True)
class Way:
    """A way to compare ids with paths.

    Attributes:
        words: Completes "ids matched by …" or, for a hint, "…, they would match".
        of_id: Returns the key of an id.
        of_path: Returns the key of a path below the input or in a tar.
    """

    words: str
    of_id: Callable[[str], str]
    of_path: Callable[[str], str]


def _same(text: str) -> str:
    return text


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _loose(path: str) -> str:
    """Return a path without image ending and with composed accents; macOS decomposes them."""
    return unicodedata.normalize("NFC", without_image_ending(path))


def _loose_name(path: str) -> str:
    return _loose(_name(path))


def _small(path: str) -> str:
    return _loose_name(path).casefold()


def _without_zeros(text: str) -> str:
    name = image_id_of(text)
    return name.lstrip("0") or name[:1]


# In the order in which they are tried.
WAYS = (
    Way("name without ending", _same, image_id_of),
    Way("name with ending", _same, _name),
    Way("path", _same, _same),
    Way("path without ending", _same, without_image_ending),
    Way("name, ignoring endings and the composition of accents", _loose, _loose_name),
    Way("path, ignoring endings and the composition of accents", _loose, _loose),
)
# Suggested, but never used to match.
HINTS = (
    Way("without folders", _loose_name, _loose_name),
    Way("ignoring case", _small, _small),
    Way("without leading zeros", _without_zeros, _without_zeros),
)


class Pair(NamedTuple):
    """An id and the file that it means."""

    image_id: str
    path: str
    way: int  # position among the ways


@dataclass(frozen=True)
class Mismatch:
    """Ids of a list that match no file.

    Attributes:
        missing: Number of these ids.
        listed: Number of all ids of the list.
        image_ids: Some of these ids.
        paths: Some of the files that match no id.
        would_match: How many would match by each way of HINTS, by position.
    """

    missing: int
    listed: int
    image_ids: Sequence[str]
    paths: Sequence[str]
    would_match: Mapping[int, int]

    def describe(self, where: object, ids: str = "ids") -> str:
        """Return what both sides look like, and what would make them match.

        Args:
            where: Where the ids were searched.
            ids: What the ids are called.
        """
        shown, there = (", ".join(map(repr, names[:SHOWN])) for names in (self.image_ids, self.paths))
        text = (
            f"{self.missing:,} of {self.listed:,} {ids} match nothing in {where}: these {ids} look like"
            f" {shown}; names there look like {there}"
        )
        best = max(self.would_match, key=lambda way: (self.would_match[way], -way), default=None)
        if best is not None and self.would_match[best]:
            text += f"; {HINTS[best].words}, {self.would_match[best]:,} would match"
        return text


def is_much(missing: int, listed: int) -> bool:
    """Return whether more than half of a list's ids match no file: the list is probably of other files."""
    return 2 * missing > listed


def log_pairs(pairs: Iterable[Pair], name: object) -> None:
    """Warn of ids that are written differently from their files, and how they were matched.

    Args:
        pairs: All pairs of a list.
        name: The list.
    """
    by_way: dict[int, list[Pair]] = defaultdict(list)
    for found in pairs:
        by_way[found.way].append(found)
    for way, matched in sorted(by_way.items()):
        log_way(way, len(matched), min(matched), name)


def log_way(way: int, count: int, first: Pair, name: object) -> None:
    """Warn that ids of a list were matched by one of WAYS.

    Args:
        way: Its position.
        count: Number of these ids.
        first: One of them with its file.
        name: The list.
    """
    example = f"{first.image_id!r} with {first.path!r}"
    logger.warning(f"{count:,} ids of {name} matched by {WAYS[way].words}, such as {example}")


def pair(image_ids: Collection[str], paths: Collection[str]) -> list[Pair]:
    """Return the pairs of ids and paths that match one to one by some way.

    If an id or a path has several matches, that of the first way is used.

    Args:
        image_ids: Distinct ids.
        paths: Paths of files.
    """
    by_id: dict[str, Pair] = {}
    for number, way in enumerate(WAYS):
        for found in _one_to_one(image_ids, paths, number, way):
            by_id.setdefault(found.image_id, found)
    by_path: dict[str, Pair] = {}
    for found in sorted(by_id.values(), key=lambda found: found.way):
        by_path.setdefault(found.path, found)
    return list(by_path.values())


def mismatch(image_ids: Collection[str], paths: Collection[str], listed: int) -> Mismatch:
    """Return a description of ids that match no file.

    Args:
        image_ids: These ids.
        paths: The files that match no id.
        listed: Number of all ids of the list.
    """
    would_match = {
        number: sum(1 for _ in _one_to_one(image_ids, paths, number, way)) for number, way in enumerate(HINTS)
    }
    shown = nsmallest(SHOWN, paths, key=lambda path: (not has_image_ending(path), path))
    return Mismatch(len(image_ids), listed, nsmallest(SHOWN, image_ids), shown, would_match)


def _one_to_one(image_ids: Iterable[str], paths: Iterable[str], number: int, way: Way) -> Iterator[Pair]:
    id_of_key, ids = _keyed(image_ids, way.of_id)
    path_of_key, times = _keyed(paths, way.of_path)
    for key, image_id in id_of_key.items():
        if key and ids[key] == 1 == times[key]:
            yield Pair(image_id, path_of_key[key], number)


def _keyed(texts: Iterable[str], key_of: Callable[[str], str]) -> tuple[dict[str, str], Counter[str]]:
    by_key: dict[str, str] = {}
    times: Counter[str] = Counter()
    for text in texts:
        key = key_of(text)
        times[key] += 1
        by_key[key] = text
    return by_key, times
