"""An image file composed of pieces of another, without copying them."""

import io
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO

Piece = bytes | memoryview
Span = tuple[int, int]  # start and end of a part of a file
MAX_PIECES = 100_000
BLOCK = 65_536  # bytes that decoders read at a time

UNSIGNED, SIGNED = 1, 2


@dataclass(frozen=True)
class Samples:
    """The numbers of a TIFF.

    Attributes:
        bits: Bits per number.
        kind: 1 for unsigned numbers, 2 for signed ones, 3 for floats.
        is_grey: Each number is one pixel, without a palette.
        is_inverted: Low numbers are bright.
        named: The numbers of black and white, if defined (SMinSampleValue, SMaxSampleValue).
        largest: MaxSampleValue, which is for statistics; 0 if missing.
    """

    bits: int
    kind: int
    is_grey: bool
    is_inverted: bool
    named: tuple[float, float] | None
    largest: float

    @property
    def is_deep_grey(self) -> bool:
        """Whether a pixel is one number outside 0 … 255."""
        return self.is_grey and (self.bits > 8 or self.kind == SIGNED)


@dataclass(frozen=True)
class Pixels:
    """The parts of a file that a decoder reads.

    Attributes:
        pieces: Consecutive bytes.
        exif: The removed EXIF blocks, in the order found.
        whole: The original file of a TIFF: libtiff needs one piece, and ignores damaged tags itself.
        samples: Description of the numbers of a TIFF.
        largest: Pixels of the largest image in a HEIC or AVIF; the photo may consist of larger ones.
        flaw: An error that the decoder would not raise: missing pixels.
    """

    pieces: tuple[Piece, ...]
    exif: tuple[bytes, ...] = ()
    whole: bytes | None = None
    samples: Samples | None = None
    largest: int = 0
    flaw: str = ""

    def file(self) -> BinaryIO:
        """Return the pieces as an open file."""
        if len(self.pieces) == 1:
            return io.BytesIO(self.pieces[0])
        return Spliced(self.pieces) if self.whole is None else SplicedTiff(self.pieces, self.whole)


def pieces_of(content: bytes, kept: Iterable[Span | bytes]) -> tuple[Piece, ...]:
    """Return parts of a file and bytes between them; adjacent parts are joined.

    After `MAX_PIECES`, the rest stays unchanged: no program writes such files.
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
    """Pieces of bytes as one file."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        super().__init__(_RawPieces(pieces), BLOCK)


class SplicedTiff(Spliced):
    """A TIFF with another directory; Pillow passes the result of `getvalue` to libtiff."""

    def __init__(self, pieces: Sequence[Piece], whole: bytes) -> None:
        super().__init__(pieces)
        self._whole = whole

    def getvalue(self) -> bytes:
        """Return the original file."""
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

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # BufferedReader passes no other type
        number = bisect_right(self._ends, self._at)
        if number == len(self._pieces):
            return 0
        rest = self._pieces[number][self._at - self._ends[number] :]
        count = min(len(rest), len(buffer))
        buffer[:count] = rest[:count]
        self._at += count
        return count
