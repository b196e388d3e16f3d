"""A file of a photo, put together from pieces of another without a copy of them."""

import io
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO

Piece = bytes | memoryview
Span = tuple[int, int]  # where a part of a file begins and ends
MAX_PIECES = 100_000
BLOCK = 65_536  # bytes; decoders read so many at a time


UNSIGNED, SIGNED = 1, 2


@dataclass(frozen=True)
class Samples:
    """What a TIFF says about its numbers.

    Attributes:
        bits: Of one number.
        kind: 1 of unsigned numbers, 2 of signed ones, 3 of floats.
        is_grey: One number is one pixel, and no palette's.
        is_inverted: Low numbers are bright.
        named: Which numbers are black and white, if it says so (SMinSampleValue, SMaxSampleValue).
        largest: MaxSampleValue, which is for statistics; 0 without.
    """

    bits: int
    kind: int
    is_grey: bool
    is_inverted: bool
    named: tuple[float, float] | None
    largest: float

    @property
    def is_deep_grey(self) -> bool:
        """Whether a pixel is one number that 0 to 255 do not hold."""
        return self.is_grey and (self.bits > 8 or self.kind == SIGNED)


@dataclass(frozen=True)
class Pixels:
    """What a decoder gets of a file.

    Attributes:
        pieces: Bytes that follow each other.
        exif: The EXIF blocks that were left out, in the order found.
        whole: Of a TIFF, the file as it came: libtiff wants one piece, and passes over damaged tags itself.
        samples: What a TIFF says about its numbers.
        largest: Pixels of the largest image in a HEIC or AVIF; the photo may be made of larger ones.
        flaw: What the decoder would not tell: which pixels are missing.
    """

    pieces: tuple[Piece, ...]
    exif: tuple[bytes, ...] = ()
    whole: bytes | None = None
    samples: Samples | None = None
    largest: int = 0
    flaw: str = ""

    def file(self) -> BinaryIO:
        """Return the pieces as a file, at its beginning."""
        if len(self.pieces) == 1:
            return io.BytesIO(self.pieces[0])
        return Spliced(self.pieces) if self.whole is None else SplicedTiff(self.pieces, self.whole)


def pieces_of(content: bytes, kept: Iterable[Span | bytes]) -> tuple[Piece, ...]:
    """Return parts of a file, and bytes between them; parts that touch each other become one.

    Of a file in more than `MAX_PIECES`, the rest stays as it is: no program writes such files.
    """
    view, pieces = memoryview(content), list[Piece]()
    start = end = 0
    for part in kept:
        if isinstance(part, bytes):
            pieces += [view[start:end], part]
            start = end
        elif part[0] == end:
            end = part[1]
        else:
            pieces.append(view[start:end])
            start, end = part
        if len(pieces) >= MAX_PIECES:
            end = len(content)
            break
    return (*pieces, view[start:end])


class Spliced(io.BufferedReader):
    """Pieces of bytes, read as one file."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        super().__init__(_RawPieces(pieces), BLOCK)


class SplicedTiff(Spliced):
    """A TIFF with another directory; Pillow hands libtiff what `getvalue` returns, if a file has it."""

    def __init__(self, pieces: Sequence[Piece], whole: bytes) -> None:
        super().__init__(pieces)
        self._whole = whole

    def getvalue(self) -> bytes:
        """Return the file as it came."""
        return self._whole


class _RawPieces(io.RawIOBase):
    def __init__(self, pieces: Sequence[Piece]) -> None:
        super().__init__()
        self._pieces = [memoryview(piece) for piece in pieces if len(piece)]
        self._ends = list(accumulate(len(piece) for piece in self._pieces))
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._ends[-1] if self._ends else 0}
        self._at = max(0, start[whence] + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # BufferedReader hands in no other
        number = bisect_right(self._ends, self._at)
        if number == len(self._pieces):
            return 0
        rest = self._pieces[number][self._at - self._ends[number] :]
        count = min(len(rest), len(buffer))
        buffer[:count] = rest[:count]
        self._at += count
        return count
