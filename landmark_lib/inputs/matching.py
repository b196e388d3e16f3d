"""Which file an id of a list means, where ids and files are not written alike.

A file is known by its name without folders and ending. Ids that are the name of no file are compared with the
files that no id names, in further ways, which count where they are one to one. What would match in ways that
may be wrong is only told.
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
            told: In words: ids match files by this, or would match this way.
        of_id: What is compared of an id.
        of_path: What is compared of a path below the input or in a tar.
    """

    told: str
    of_id: Callable[[str], str]
    of_path: Callable[[str], str]


def _same(text: str) -> str:
    return text


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _composed(text: str) -> str:
    """Return a text with accents as Linux and Windows write them; macOS takes letters and accents apart."""
    return unicodedata.normalize("NFC", text)


def _loose(path: str) -> str:
    return _composed(without_image_ending(path))


def _loose_name(path: str) -> str:
    return _loose(_name(path))


def _small(path: str) -> str:
    return _loose_name(path).casefold()


def _without_zeros(text: str) -> str:
    name = image_id_of(text)
    return name.lstrip("0") or name[:1]


# In the order in which they are tried.
WAYS = (
    Way("their names without ending", _same, image_id_of),
    Way("their names with ending", _same, _name),
    Way("their paths", _same, _same),
    Way("their paths without ending", _same, without_image_ending),
    Way("their names, endings and the composition of accents aside", _loose, _loose_name),
    Way("their paths, endings and the composition of accents aside", _loose, _loose),
)
# What is told but never taken for a match.
HINTS = (
    Way("without folders", _loose_name, _loose_name),
    Way("if capitals and small letters were the same", _small, _small),
    Way("without leading zeros", _without_zeros, _without_zeros),
)


class Pair(NamedTuple):
    """An id and a file that it means."""

    image_id: str
    path: str
    way: int  # position among the ways


@dataclass(frozen=True)
class Mismatch:
    """Ids of a list that mean no file.

    Attributes:
        missing: How many.
        listed: Ids of the list, those included.
        image_ids: Some of them.
        paths: Some of the files that no id means.
        would_match: How many would match in the ways of HINTS, by position.
    """

    missing: int
    listed: int
    image_ids: Sequence[str]
    paths: Sequence[str]
    would_match: Mapping[int, int]

    def told(self, there: object, ids: str = "ids") -> str:
        """Return how both sides look, and what would make them match.

        Args:
            there: Where the ids were looked for.
            ids: What to call them.
        """
        text = (
            f"{self.missing:,} of {self.listed:,} {ids} mean nothing in {there}: they look like"
            f" {_listed(self.image_ids)}; what is there looks like {_listed(self.paths)}"
        )
        best = max(self.would_match, key=lambda way: (self.would_match[way], -way), default=None)
        if best is not None and self.would_match[best]:
            text += f"; {HINTS[best].told}, {self.would_match[best]:,} would match"
        return text


def is_much(missing: int, listed: int) -> bool:
    """Return whether so few ids of a list mean a file that it hardly is about these files."""
    return 2 * missing > listed


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names[:SHOWN])


def tell_pairs(pairs: Iterable[Pair], name: object) -> None:
    """Warn that ids of a list are not written as files are, and how they were matched.

    Args:
        pairs: All of them.
        name: What to call the list.
    """
    by_way: dict[int, list[Pair]] = defaultdict(list)
    for found in pairs:
        by_way[found.way].append(found)
    for way, found_so in sorted(by_way.items()):
        tell_way(way, len(found_so), min(found_so), name)


def tell_way(way: int, count: int, first: Pair, name: object) -> None:
    """Warn that ids of a list were matched in one of WAYS.

    Args:
        way: Its position.
        count: Ids matched so.
        first: One of them with its file.
        name: What to call the list.
    """
    example = f"{first.image_id!r} with {first.path!r}"
    logger.warning(f"ids of {name} matched by {WAYS[way].told}: {count:,}, such as {example}")


def pair(image_ids: Collection[str], paths: Collection[str]) -> list[Pair]:
    """Pair ids with paths where one way leads from one id to one path.

    Of several ways that lead from an id the first counts, and of several that lead to a path.

    Args:
        image_ids: Distinct ids.
        paths: Of files.
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
    """Return what to tell of ids that mean no file.

    Args:
        image_ids: These ids.
        paths: Files that no id means.
        listed: Ids of the list.
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
