"""TIFF: a directory of tags with the locations of the pixels."""

import struct
from dataclasses import replace

from landmark_lib.images.containers.directory import (
    BEGINNINGS,
    BIG,
    BYTE,
    LONG,
    ORIENTATION,
    SHORT,
    UNDEFINED,
    Directory,
    first_directory,
)
from landmark_lib.images.containers.pixels import SIGNED, UNSIGNED, Pixels, Samples

BITS, COMPRESSION, COLOURS, SAMPLES, SAMPLE_FORMAT = 258, 259, 262, 277, 339
MAX_SAMPLE, SMIN_SAMPLE, SMAX_SAMPLE = 281, 340, 341
ICC_PROFILE = 34675
# Tags that describe the storage of pixels in TIFF 6.0.
PIXEL_TAGS = {
    *(256, 257, BITS, COMPRESSION, COLOURS, 266),  # width and height, order of bits
    *(273, SAMPLES, 278, 279, 284, 317),  # strips, rows and bytes of a strip, planes, predictor
    *(320, 322, 323, 324, 325),  # palette, tiles
    *(338, SAMPLE_FORMAT, 347, 529, 530, 531, 532),  # alpha, JPEG tables, YCbCr
    0xBC01,  # JPEG XR, by which Pillow refuses it
}
# Further tags that change the look of a photo, and the types that Pillow can use.
LOOK_TAGS = {ORIENTATION: {SHORT, LONG}, ICC_PROFILE: {BYTE, UNDEFINED}}
UNCOMPRESSED, WHITE_IS_ZERO, BLACK_IS_ZERO = 1, 0, 1


def is_tiff(content: bytes) -> bool:
    """Return whether a file begins like a TIFF."""
    return content[:4] in BEGINNINGS


def pixels_of_tiff(content: bytes) -> Pixels:
    """Return a TIFF whose first directory has only the tags for pixels, colours and orientation.

    Pillow stops reading a directory at the first tag with values outside the file. It turns TIFFs itself, so
    it needs their orientation.
    """
    directory = first_directory(content)
    if directory is None or directory.start < len(_header(directory)):
        return Pixels((content,))
    samples = _samples(directory)
    kept = []
    for entry in directory.entries:
        is_whole = entry.fits or directory.place(entry) + entry.values <= len(content)
        if entry.tag in PIXEL_TAGS or (entry.type in LOOK_TAGS.get(entry.tag, ()) and is_whole):
            kept.append(entry)
    shown = replace(directory, entries=tuple(kept))
    if samples.is_deep_grey:
        shown = _as_pillow_reads(shown, samples)
    if len(shown.pack()) > len(directory.pack()):
        shown = replace(shown, start=len(content))  # it no longer fits at its place
    header, packed, view = _header(shown), shown.pack(), memoryview(content)
    between, rest = view[len(header) : shown.start], view[shown.start + len(packed) :]
    return Pixels((header, between, packed, rest), whole=content, samples=samples)


def _samples(directory: Directory) -> Samples:
    numbers = directory.numbers()
    black, white = numbers.get(SMIN_SAMPLE, 0.0), numbers.get(SMAX_SAMPLE)
    colours = numbers.get(COLOURS, BLACK_IS_ZERO)
    return Samples(
        bits=int(numbers.get(BITS, 1)),
        kind=int(numbers.get(SAMPLE_FORMAT, UNSIGNED)),
        is_grey=colours in {WHITE_IS_ZERO, BLACK_IS_ZERO} and numbers.get(SAMPLES, 1) == 1,
        is_inverted=colours == WHITE_IS_ZERO,
        named=(black, white) if white is not None and white > black else None,
        largest=numbers.get(MAX_SAMPLE, 0.0),
    )


def _as_pillow_reads(directory: Directory, samples: Samples) -> Directory:
    """Return a directory of deep grey samples as one of the kinds that Pillow reads.

    Pillow reads few kinds with inverted grey, some kinds in one byte order only, and ignores that libtiff
    unpacks to the machine's byte order. But the bytes of each kind equal those of a kind that it reads.
    """
    is_packed = directory.numbers().get(COMPRESSION, UNCOMPRESSED) != UNCOMPRESSED
    is_in_bits = samples.bits == 12 and all(entry.fits for entry in directory.entries)
    if is_packed or is_in_bits:
        directory = directory.in_little_order()
    changed = {COLOURS: BLACK_IS_ZERO}
    if (samples.kind, samples.bits, directory.order) == (UNSIGNED, 32, BIG):
        changed[SAMPLE_FORMAT] = SIGNED
    if is_packed:  # libtiff reads the directory at its old place, so it must not grow
        changed = {tag: number for tag, number in changed.items() if tag in directory.numbers()}
    kept = tuple(entry for entry in directory.entries if entry.tag not in changed)
    return replace(directory, entries=kept + tuple(directory.entry(*pair) for pair in changed.items()))


def _header(directory: Directory) -> bytes:
    """Return the first bytes of a TIFF, up to the offset of its directory."""
    kind = (directory.order, directory.is_big)
    begins = next(begins for begins, its_kind in BEGINNINGS.items() if its_kind == kind)
    if directory.is_big:
        return begins + struct.pack(directory.order + "HHQ", 8, 0, directory.start)
    return begins + struct.pack(directory.order + "L", directory.start)
