"""A file is complete if all of its pixels are present, wherever it ends."""

import numpy as np
import pytest
from photo_files import chunk, colourful, encoded, pixels
from PIL import Image

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError
from landmark_lib.images import decode, jpeg_end

PHOTO = colourful()
END = b"\xff\xd9"
JPEGS = {
    "baseline": encoded(PHOTO, "JPEG"),
    "best": encoded(PHOTO, "JPEG", quality=100, subsampling=0),
    "poor": encoded(PHOTO, "JPEG", quality=20),
    "progressive": encoded(PHOTO, "JPEG", progressive=True),
    "restarting": encoded(PHOTO, "JPEG", restart_marker_blocks=3),
    "restarting by row": encoded(PHOTO, "JPEG", restart_marker_rows=1),
    "grey": encoded(PHOTO.convert("L"), "JPEG"),
    "grey progressive": encoded(PHOTO.convert("L"), "JPEG", progressive=True),
    "CMYK": encoded(PHOTO.convert("CMYK"), "JPEG"),
    "CMYK progressive": encoded(PHOTO.convert("CMYK"), "JPEG", progressive=True),
}
# Replacements of missing bytes: nothing, or the padding of download programs and disks.
FILLINGS = {"nothing": b"", "zeros": bytes(4000), "ones": b"\xff" * 64, "very many zeros": bytes(50_000)}


def reason_of(content):
    with pytest.raises(BadPhotoError) as error:
        pixels(content, 64)
    return error.value.reason


def difference(content, other):
    return np.abs(pixels(content, 64) - pixels(other, 64)).max()


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("filling", FILLINGS)
@pytest.mark.parametrize("missing", [1, 2])
def test_jpeg_without_its_end_marker_is_complete(kind, filling, missing):
    assert difference(JPEGS[kind][:-missing] + FILLINGS[filling], JPEGS[kind]) == 0


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("filling", FILLINGS)
def test_jpeg_is_kept_unless_missing_bytes_are_detected(kind, filling):
    whole = JPEGS[kind]
    for missing in [*range(3, 30), *range(30, len(whole) - 700, len(whole) // 40)]:
        content = whole[:-missing] + FILLINGS[filling]
        try:
            # Missing bits may change the last block by a level or two without being detected.
            assert difference(content, whole) <= 2
        except BadPhotoError:
            continue
        assert missing < 8, "a cut photo was kept"


@pytest.mark.parametrize("kind", JPEGS)
def test_cut_jpeg_is_truncated(kind):
    for part in (0.5, 0.8, 0.95):
        assert reason_of(JPEGS[kind][: int(len(JPEGS[kind]) * part)]) == Reason.TRUNCATED


@pytest.mark.parametrize("kind", ["baseline", "best", "restarting", "grey", "CMYK"])
@pytest.mark.parametrize("filling", ["nothing", "zeros", "very many zeros"])
@pytest.mark.parametrize("part", [0.6, 0.9])
def test_end_marker_does_not_complete_a_cut_jpeg(kind, filling, part):
    cut = JPEGS[kind][: int(len(JPEGS[kind]) * part)]
    assert reason_of(cut + FILLINGS[filling] + END) == Reason.TRUNCATED


@pytest.mark.parametrize("kind", ["progressive", "grey progressive", "CMYK progressive"])
def test_progressive_jpeg_that_ends_between_scans_is_truncated(kind):
    whole = JPEGS[kind]
    scans = [place for place in range(len(whole)) if whole[place : place + 2] == b"\xff\xda"]
    assert len(scans) > 3
    for scan in scans[1:]:
        tables = whole.rindex(b"\xff\xc4", 0, scan)
        assert reason_of(whole[:scan]) == Reason.TRUNCATED
        assert reason_of(whole[:tables]) == Reason.TRUNCATED


@pytest.mark.parametrize("kind", ["restarting", "restarting by row"])
def test_jpeg_that_ends_between_restart_intervals_is_truncated(kind):
    whole = JPEGS[kind]
    restarts = [
        place for place in range(600, len(whole)) if whole[place] == 0xFF and 0xD0 <= whole[place + 1] <= 0xD7
    ]
    assert len(restarts) >= 3
    for restart in restarts:
        assert reason_of(whole[:restart]) == Reason.TRUNCATED
        assert reason_of(whole[: restart + 2]) == Reason.TRUNCATED


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("rest", [b"\0", bytes(5000), b"rubbish" * 99, b"\xff" * 99, END, JPEGS["poor"]])
def test_bytes_after_the_end_of_a_jpeg_are_ignored(kind, rest):
    assert difference(JPEGS[kind] + rest, JPEGS[kind]) == 0


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"optimize": True}, {"restart_marker_rows": 1}]
)
def test_grey_photo_is_kept_although_missing_pixels_look_the_same(mode, options):
    grey = Image.new("RGB", (88, 64), (128, 128, 128)).convert(mode)
    content = encoded(grey, "JPEG", **options)
    for size in [(88, 64), (16, 16), (300, 200), (64, 65)]:
        content = encoded(grey.resize(size), "JPEG", **options)
        assert np.ptp(pixels(content)) <= 2
        assert difference(content[:-2], content) == 0


@pytest.mark.parametrize("options", [{"progressive": True}, {"optimize": True}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_zeros_of_even_colours_are_not_padding(mode, options):
    even = Image.new(mode, (600, 800), "white")
    even.paste(PHOTO.convert(mode), (0, 0))
    content = encoded(even, "JPEG", **options)
    for whole in (content, content[:-2]):
        assert difference(whole, content) == 0
        assert np.ptp(pixels(whole, 64)[40:]) <= 2


def test_large_jpegs_are_checked_at_reduced_scale_to_limit_memory(monkeypatch):
    looked_at = []
    opened = jpeg_end.open_photo

    def open_and_note(file):
        photo = opened(file)
        load = photo.load
        monkeypatch.setattr(photo, "load", lambda: looked_at.append(photo.size) or load())
        return photo

    monkeypatch.setattr(jpeg_end, "open_photo", open_and_note)
    content = encoded(colourful(800, 640), "JPEG")
    pixels(content[:-2], 64)
    assert set(looked_at) == {(800, 640)}
    looked_at.clear()
    monkeypatch.setattr(decode, "MAX_MEMORY", 500_000)
    pixels(content[:-2], 64, max_pixels=800 * 640)
    assert set(looked_at) == {(100, 80)}


PNGS = {
    "RGB": encoded(PHOTO),
    "palette": encoded(PHOTO.convert("P")),
    "16-bit grey": encoded(Image.fromarray(np.asarray(PHOTO.convert("L")).astype(np.uint16) * 257)),
    "bilevel": encoded(PHOTO.convert("1")),
}


@pytest.mark.parametrize("kind", PNGS)
def test_png_with_all_rows_is_complete(kind):
    whole = PNGS[kind]
    end, checksums = len(chunk(b"IEND", b"")), 4 + 4
    for missing in range(1, end + checksums + 1):
        assert difference(whole[:-missing], whole) == 0
    for missing in range(end + checksums + 3, len(whole) - 100, 37):
        assert reason_of(whole[:-missing]) == Reason.TRUNCATED


def test_png_with_a_wrong_checksum_after_its_rows_is_read():
    whole = PNGS["RGB"]
    end = len(chunk(b"IEND", b""))
    assert difference(whole[: -end - 4] + b"oops" + whole[-end:], whole) == 0  # of the chunk
    assert difference(whole[: -end - 8] + b"oops" + whole[-end - 4 :], whole) == 0  # of the pixels


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5, 9), (33, 20), (64, 64)])
@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "RGBA"])
def test_rows_of_an_interlaced_png_are_counted(size, mode):
    photo = PHOTO.resize(size).convert(mode)
    whole = interlaced(photo)
    assert np.array_equal(pixels(whole), pixels(encoded(photo)))
    end, checksums = 12, 4 + 4
    assert np.array_equal(pixels(whole[: -end - checksums]), pixels(whole))
    assert reason_of(whole[: -end - checksums - 6]) in {Reason.TRUNCATED, Reason.BROKEN_IMAGE}


def interlaced(photo):
    """Write a PNG interlaced, which Pillow cannot."""
    import struct
    import zlib

    passes = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]
    levels = np.asarray(photo)
    rows = b""
    for left, top, across, down in passes:
        part = levels[top::down, left::across]
        for row in part if part.size else ():
            rows += b"\0" + (np.packbits(row).tobytes() if photo.mode == "1" else row.tobytes())
    depth, colours = {"1": (1, 0), "L": (8, 0), "RGB": (8, 2), "P": (8, 3), "RGBA": (8, 6)}[photo.mode]
    header = struct.pack(">IIBBBBB", *photo.size, depth, colours, 0, 0, 1)
    palette = chunk(b"PLTE", bytes(photo.getpalette())) if photo.mode == "P" else b""
    parts = (chunk(b"IHDR", header), palette, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_gif_without_its_last_bytes_is_complete():
    whole = encoded(PHOTO.convert("P"), "GIF")
    assert difference(whole[:-1], whole) == 0
    assert difference(whole[:-2], whole) == 0
    assert difference(whole + bytes(99), whole) == 0
    assert reason_of(whole[:-9]) == Reason.TRUNCATED


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0II*\0"}])
@pytest.mark.parametrize("rest", [b"\0", bytes(5000), b"rubbish" * 99, b"RIFF"])
def test_bytes_after_the_end_of_a_webp_are_ignored(options, rest):
    whole = encoded(PHOTO, "WEBP", **options)
    assert difference(whole + rest, whole) == 0


@pytest.mark.parametrize("options", [{}, {"lossless": True}])
@pytest.mark.parametrize("size", [0, 4, 100, 2**32 - 2])
def test_webp_may_state_a_wrong_size_but_must_contain_its_pixels(options, size):
    whole = encoded(PHOTO, "WEBP", **options)
    lying = whole[:4] + size.to_bytes(4, "little") + whole[8:]
    assert difference(lying, whole) == 0
    for missing in (2, 9, 100, len(whole) // 2):
        assert reason_of(lying[:-missing]) == Reason.BROKEN_IMAGE


@pytest.mark.parametrize("options", [{}, {"lossless": True}])
def test_later_frames_may_be_missing(options):
    frames = [PHOTO, PHOTO.rotate(180), PHOTO.rotate(90, expand=False)]
    for file_format in ("GIF", "WEBP", "PNG"):
        whole = encoded(
            frames[0], file_format, save_all=True, append_images=frames[1:], duration=100, **options
        )
        assert difference(whole[: -len(whole) // 4], whole) == 0
