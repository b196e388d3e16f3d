"""Metadata never cause a rejection and change nothing except the orientation."""

import io
import struct
import zlib
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photo_files import (
    ORIENTATION,
    chunk,
    colourful,
    directory,
    encoded,
    pixels,
    turned,
    with_chunk,
    with_segment,
    with_webp_chunk,
)
from PIL import Image, PngImagePlugin

from landmark_lib.images import containers
from landmark_lib.images.orientation import orientation_of

PHOTO = colourful()
EXIF = b"Exif\0\0"
SOME_EXIF = directory((ORIENTATION, 3, 1, 1))
JPEG, JPEG_WITH_DENSITY = encoded(PHOTO, "JPEG"), encoded(PHOTO, "JPEG", dpi=(72, 72))
JPEG_WITHOUT_JFIF = JPEG[:2] + JPEG[4 + struct.unpack(">H", JPEG[4:6])[0] :]
PNG = encoded(PHOTO)
WEBP, LOSSLESS_WEBP = encoded(PHOTO, "WEBP"), encoded(PHOTO, "WEBP", lossless=True)
WEBP_WITH_EXIF = encoded(PHOTO, "WEBP", exif=SOME_EXIF)
LOSSLESS_WEBP_WITH_EXIF = encoded(PHOTO, "WEBP", lossless=True, exif=SOME_EXIF)
VAST_TEXT = zlib.compress(bytes(3_000_000), 9)

# Functions that add EXIF to a file, and the file without it.
HOLDERS = {
    "JPEG": (lambda exif: with_segment(JPEG, 0xE1, EXIF + exif), JPEG),
    "JPEG with density": (lambda exif: with_segment(JPEG_WITH_DENSITY, 0xE1, EXIF + exif), JPEG),
    "JPEG without JFIF": (
        lambda exif: with_segment(JPEG_WITHOUT_JFIF, 0xE1, EXIF + exif, after_jfif=False),
        JPEG,
    ),
    "PNG": (lambda exif: with_chunk(PNG, b"eXIf", exif), PNG),
    "PNG, behind the pixels": (lambda exif: with_chunk(PNG, b"eXIf", exif, behind=True), PNG),
    "PNG, named twice": (lambda exif: with_chunk(PNG, b"eXIf", EXIF + exif), PNG),
    "PNG by ImageMagick": (lambda exif: with_chunk(PNG, b"zTXt", raw_profile(exif)), PNG),
    "WebP": (lambda exif: with_webp_chunk(WEBP_WITH_EXIF, b"EXIF", EXIF + exif), WEBP),
    "WebP, lossless": (lambda exif: with_webp_chunk(LOSSLESS_WEBP_WITH_EXIF, b"EXIF", exif), LOSSLESS_WEBP),
}
RESOLUTION, BEYOND = 0x011A, 99_999
UNREADABLE = {
    "empty": b"",
    "text": b"Photo by someone",
    "zeros": bytes(40),
    "ones": b"\xff" * 60,
    "header alone": b"II*\0",
    "directory elsewhere": b"II*\0\xff\xff\xff\xff",
    "more tags than there are": b"II*\0\x08\0\0\0\xff\xff",
    "half a tag": directory((ORIENTATION, 3, 1, 6))[:16],
    "BigTIFF of no end": b"II+\0\x08\0\0\0" + b"\xff" * 8,
    "resolution beyond its end": directory((RESOLUTION, 5, 1, BEYOND), (0x0128, 3, 1, 2)),
    "resolution of text": directory((RESOLUTION, 2, 4, 5)),
    "resolution over zero": directory((RESOLUTION, 5, 1, 26)) + bytes(8),
    "directory within itself": directory((0x8769, 4, 1, 8)),
    "camera's tags beyond its end": directory((0x8769, 4, 1, 2**32 - 1)),
    "orientation 0": directory((ORIENTATION, 3, 1, 0)),
    "orientation 9": directory((ORIENTATION, 3, 1, 9)),
    "orientation 65535": directory((ORIENTATION, 3, 1, 65535)),
    "orientation of text": directory((ORIENTATION, 2, 1, b"6")),
    "orientation a fraction": directory((ORIENTATION, 5, 1, 6)),
    "orientations beyond its end": directory((ORIENTATION, 3, 100_000, 6)),
}
READABLE = {
    "damage before": directory((0x010E, 2, 500, BEYOND), (0x010F, 99, 1, 1), (ORIENTATION, 3, 1, 6)),
    "damage behind": directory((ORIENTATION, 3, 1, 6), (RESOLUTION, 5, 1, BEYOND)),
    "cut off behind": directory((ORIENTATION, 3, 1, 6))[:-4],
    "most significant byte first": directory((ORIENTATION, 3, 1, 6), order=">"),
    "a long number": directory((ORIENTATION, 4, 1, 6)),
}


def raw_profile(exif):
    lines = b"\nexif\n%8d\n%s\n" % (len(exif), exif.hex().encode())
    return b"Raw profile type exif\0\0" + zlib.compress(lines)


pixels_without = cache(pixels)  # each photo without metadata is decoded once


def same(content, other):
    return np.array_equal(pixels(content), pixels_without(other))


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("exif", UNREADABLE)
def test_unreadable_exif_leaves_the_photo_unchanged(holder, exif):
    held, without = HOLDERS[holder]
    assert same(held(UNREADABLE[exif]), without)


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("exif", READABLE)
def test_orientation_is_used_whatever_else_is_damaged(holder, exif):
    held, without = HOLDERS[holder]
    assert np.array_equal(pixels(held(READABLE[exif])), turned(pixels_without(without)))


@given(st.binary(max_size=120), st.booleans())
@settings(derandomize=True, max_examples=80)
@pytest.mark.parametrize("holder", ["JPEG", "PNG", "WebP"])
def test_photo_with_any_exif_is_read(holder, exif, has_header):
    held, without = HOLDERS[holder]
    content = b"II*\0\x08\0\0\0" + exif if has_header else exif
    if orientation_of([content]) == 1:
        assert same(held(content), without)


@given(st.sampled_from([*range(0xE0, 0xF0), 0xFE]), st.binary(max_size=60), st.data())
@settings(derandomize=True, max_examples=200)
def test_jpeg_with_any_metadata_segment_is_read(marker, body, data):
    names = [
        b"",
        b"JFIF",
        b"JFIF\0",
        b"Adobe",
        b"ICC_PROFILE\0",
        b"Photoshop 3.0\0",
        b"Photoshop 3.0\x008BIM",
    ]
    names += [b"MPF\0", b"FPXR\0", b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"]
    # Neither is metadata: they define the colours.
    name = data.draw(st.sampled_from(names))
    jpeg = data.draw(st.sampled_from([JPEG, JPEG_WITH_DENSITY]))
    if marker != 0xEE or name != b"Adobe" or len(body) < 7:
        assert same(with_segment(jpeg, marker, name + body), JPEG)


SHORT_SEGMENTS = [
    *(b"", b"JFIF", b"JFIF\0\1", b"Adobe", b"Adobe\0d", b"ICC_PROFILE\0", b"ICC_PROFILE\0\1", b"MPF\0II*\0"),
    *(b"Photoshop 3.0\x008BIM", b"Photoshop 3.0\x008BIM\x03\xed\0", b"Exif", b"Exif\0"),
]


@pytest.mark.parametrize("marker", [0xE0, 0xE1, 0xE2, 0xED, 0xEE])
@pytest.mark.parametrize("body", SHORT_SEGMENTS)
def test_jpeg_with_short_segments_is_read(marker, body):
    for jpeg in (JPEG, JPEG_WITH_DENSITY):
        assert same(with_segment(jpeg, marker, body), JPEG)
    assert same(with_segment(JPEG_WITHOUT_JFIF, marker, body, after_jfif=False), JPEG)


CHUNKS = {
    "bomb in zTXt": (b"zTXt", b"a\0\0" + VAST_TEXT),
    "bomb in iTXt": (b"iTXt", b"a\0\1\0\0\0" + VAST_TEXT),
    "bomb in iCCP": (b"iCCP", b"a\0\0" + VAST_TEXT),
    "bomb in raw EXIF": (b"zTXt", b"Raw profile type exif\0\0" + VAST_TEXT),
    "zTXt packed otherwise": (b"zTXt", b"a\0\5abc"),
    "zTXt not packed": (b"zTXt", b"a\0\0abc"),
    "empty zTXt": (b"zTXt", b""),
    "tEXt without name": (b"tEXt", b""),
    "iTXt in no language": (b"iTXt", b"\xff\0\1\1\1"),
    "raw EXIF of no digits": (b"tEXt", b"Raw profile type exif\0a\nb\nc\nxyz"),
    "raw EXIF of other digits": (b"tEXt", b"Raw profile type exif\0a\nb\nc\n\xb2\xb3"),
    "iCCP of no profile": (b"iCCP", b"a\0\0" + zlib.compress(b"rubbish")),
    "iCCP packed otherwise": (b"iCCP", b"a\0\7abc"),
    "iCCP not packed": (b"iCCP", b"a\0\0abc"),
    "half an iCCP": (b"iCCP", b"a"),
    "empty iCCP": (b"iCCP", b""),
    "empty sRGB": (b"sRGB", b""),
    "empty gAMA": (b"gAMA", b""),
    "gamma of nothing": (b"gAMA", bytes(4)),
    "odd cHRM": (b"cHRM", b"\1" * 7),
    "short pHYs": (b"pHYs", b"\0"),
    "animation of no length": (b"acTL", b""),
    "animation of no frames": (b"acTL", bytes(8)),
    "animation that is none": (b"acTL", b"\0\0\0\5\0\0\0\0"),
    "frame of no size": (b"fcTL", b""),
    "frame out of order": (b"fcTL", b"\xff" * 26),
    "short frame": (b"fdAT", b""),
    "short tRNS": (b"tRNS", b"\0"),
    "empty tRNS": (b"tRNS", b""),
    "odd palette": (b"PLTE", b"abcd"),
    "empty tIME": (b"tIME", b""),
    "empty sPLT": (b"sPLT", b""),
    "unknown": (b"abCd", b"xyz"),
}


@pytest.mark.parametrize("damage", CHUNKS)
@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("checksum", [None, 5], ids=["sound", "bad checksum"])
def test_png_with_any_metadata_chunk_is_read(damage, behind, checksum):
    name, body = CHUNKS[damage]
    assert same(with_chunk(PNG, name, body, behind=behind, checksum=checksum), PNG)


@pytest.mark.parametrize("name", [b"tEXt", b"iCCP", b"eXIf", b"gAMA", b"tRNS"])
def test_png_with_a_wrong_checksum_of_a_valid_chunk_is_read(name):
    body = {b"eXIf": SOME_EXIF, b"gAMA": b"\0\1\x86\xa0", b"tRNS": bytes(6)}.get(name, b"a\0\0b")
    assert same(with_chunk(PNG, name, body, checksum=7), PNG)


def test_png_with_many_texts_is_read():
    texts = b"".join(chunk(b"tEXt", b"%d\0" % number + bytes(900_000)) for number in range(75))
    assert same(PNG[:33] + texts + PNG[33:], PNG)


def test_png_with_metadata_between_pixels_is_read():
    start = PNG.index(b"IDAT") - 4
    packed = PNG[start + 8 : PNG.rindex(b"IEND") - 8]
    parts = chunk(b"IDAT", packed[:500]), chunk(b"tEXt", b"a\0b"), chunk(b"IDAT", packed[500:])
    assert same(PNG[:start] + b"".join(parts) + chunk(b"IEND", b""), PNG)


@pytest.mark.parametrize("name", [b"EXIF", b"XMP ", b"ICCP", b"ABCD"])
@pytest.mark.parametrize("size", [None, 100, 2**31, 2**32 - 1])
@pytest.mark.parametrize("body", [b"", b"x", b"abc"])
def test_webp_with_any_metadata_chunk_is_read(name, size, body):
    assert same(with_webp_chunk(WEBP_WITH_EXIF, name, body, size), WEBP)
    assert same(with_webp_chunk(LOSSLESS_WEBP_WITH_EXIF, name, body, size), LOSSLESS_WEBP)


@pytest.mark.parametrize("flags", [0x00, 0x04, 0x08, 0x20, 0x2C])
def test_webp_may_announce_missing_metadata(flags):
    place = WEBP_WITH_EXIF.index(b"VP8X") + 8
    assert same(WEBP_WITH_EXIF[:place] + bytes([flags]) + WEBP_WITH_EXIF[place + 1 :], WEBP)


def tiff_with(compression, number, entry):
    """Replace a tag that does not describe pixels."""
    exif = Image.Exif()
    exif[0x010E], exif[0x010F], exif[0x0131], exif[0x0132] = (
        "words " * 9,
        "maker " * 9,
        "program",
        "2020:01:01",
    )
    tiff = encoded(PHOTO, "TIFF", compression=compression, exif=exif, dpi=(72, 72), icc_profile=b"rubbish")
    start = struct.unpack("<I", tiff[4:8])[0] + 2
    for place in range(start, start + 12 * struct.unpack("<H", tiff[start - 2 : start])[0], 12):
        if struct.unpack("<H", tiff[place : place + 2])[0] == number:
            return tiff[: place + 2] + struct.pack("<HII", *entry) + tiff[place + 12 :]
    raise LookupError(number)


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("tag", [0x010E, 0x010F, 0x0131, 0x0132, 0x011A, 0x0128, 34675])
@pytest.mark.parametrize(
    "entry",
    [
        (2, 500, BEYOND),
        (2, 2**32 - 1, 8),
        (5, 1, BEYOND),
        (4, 1, 7),
        (99, 1, 1),
        (2, 0, 0),
        (12, 2**31, 8),
        (7, 9, BEYOND),
    ],
)
def test_tiff_with_any_metadata_tag_is_read(compression, tag, entry):
    assert same(tiff_with(compression, tag, entry), encoded(PHOTO, "TIFF", compression=compression))


@pytest.mark.parametrize("pointer", [0x8769, 0x8825, 0xA005, 700])
def test_tiff_with_an_invalid_exif_directory_is_read(pointer):
    for entry in [(4, 1, BEYOND), (4, 1, 2**32 - 1), (2, 4, 0), (4, 2, 8), (16, 1, BEYOND)]:
        content = tiff_with(None, 0x0131, entry)
        renamed = content.replace(
            struct.pack("<H", 0x0131) + struct.pack("<H", entry[0]), struct.pack("<HH", pointer, entry[0]), 1
        )
        assert same(renamed, encoded(PHOTO, "TIFF"))


EXTENSIONS = [
    *(b"!\xfe\0", b"!\xfe\1a\0", b"!\xff\0", b"!\xff\x0bNETSCAPE2.0\0", b"!\xff\x0bNETSCAPE2.0\1\1\0"),
    *(b"!\1\0", b"!\xf9\0", b"!\xf9\1a\0", b"!\x99\3abc\0", b"\0\0"),
    b"!\xfe" + (b"\xff" + b"a" * 255) * 500 + b"\0",
]


@pytest.mark.parametrize("extension", EXTENSIONS, ids=range(len(EXTENSIONS)))
def test_gif_with_any_extension_is_read(extension):
    gif = encoded(PHOTO.convert("P"), "GIF")
    place = 13 + (3 << (gif[10] & 7) + 1)
    assert same(gif[:place] + extension + gif[place:], gif)
    assert same(gif[:-1] + extension + gif[-1:], gif)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (b"res ", b""),
        (b"res ", b"\0\0\0\x08resc"),
        (b"colr", b""),
        (b"colr", b"\2\0\0rubbish"),
        (b"xml ", b"<"),
    ],
)
def test_jpeg_2000_with_any_metadata_box_is_read(name, body):
    photo = encoded(PHOTO, "JPEG2000")
    box = struct.pack(">I", 8 + len(body)) + name + body
    header = photo.index(b"jp2h") - 4
    size = struct.unpack(">I", photo[header : header + 4])[0]
    longer = struct.pack(">I", size + len(box)) + photo[header + 4 : header + size] + box
    assert same(photo[:header] + longer + photo[header + size :], photo)
    assert same(photo[:header] + box + photo[header:], photo)


@pytest.mark.parametrize("file_format", ["AVIF", "HEIF"])
@pytest.mark.parametrize(
    "damage", [b"", b"\xff" * 40, b"Photo by someone", b"II*\0\xff\xff\xff\xff", bytes(40)]
)
def test_photo_in_boxes_with_damaged_exif_is_read(file_format, damage):
    exif = Image.Exif()
    exif[0x010E] = "words " * 20
    content = encoded(PHOTO, file_format, exif=exif.tobytes(), xmp=b"<xmp>" * 20)
    for words in (b"MM\0*", b"words "):
        place = content.index(words)
        assert same(content[:place] + damage + content[place + len(damage) :], encoded(PHOTO, file_format))


@pytest.mark.parametrize("file_format", ["AVIF", "HEIF"])
@pytest.mark.parametrize("where", [0, 1, 2**31, 2**32 - 1])
def test_photo_in_boxes_with_exif_beyond_the_file_is_read(file_format, where):
    exif = Image.Exif()
    exif[0x010E] = "words " * 20
    content = encoded(PHOTO, file_format, exif=exif.tobytes())
    places = content.index(b"iloc") - 4
    end = places + struct.unpack(">I", content[places : places + 4])[0]  # of the last item, the EXIF
    for field in (end - 8, end - 4):
        lying = content[:field] + struct.pack(">I", where) + content[field + 4 :]
        assert same(lying, encoded(PHOTO, file_format))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_orientation_in_xmp_is_ignored(file_format):
    # As in browsers, in which people have checked the orientation.
    xmp = b'<x:xmpmeta xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>'
    if file_format == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        content = encoded(PHOTO, pnginfo=info)
    elif file_format == "TIFF":
        content = encoded(PHOTO, "TIFF", tiffinfo={700: xmp})
    else:
        content = encoded(PHOTO, file_format, xmp=xmp)
    assert b"Orientation" in content
    assert same(content, encoded(PHOTO, file_format))


def test_first_photo_in_a_jpeg_is_used_whatever_its_index_says():
    several = encoded(PHOTO, "MPO", save_all=True, append_images=[PHOTO.rotate(180)])
    assert several.count(b"\xff\xd8\xff") == 2
    place = several.index(b"MPF\0") + 4
    for damage in (b"", b"\xff" * 60, b"II*\0" + b"\xff" * 50):
        assert same(several[:place] + damage + several[place + len(damage) :], JPEG)


ORDINARY = {
    "progressive JPEG": encoded(PHOTO, "JPEG", progressive=True, exif=SOME_EXIF, comment=b"words"),
    "CMYK JPEG": encoded(PHOTO.convert("CMYK"), "JPEG", icc_profile=b"profile" * 20_000),
    "grey JPEG": encoded(PHOTO.convert("L"), "JPEG", dpi=(300, 300)),
    "PNG": encoded(PHOTO, exif=SOME_EXIF, dpi=(72, 72)),
    "palette PNG": encoded(PHOTO.convert("P"), transparency=3),
    "animated PNG": encoded(PHOTO, save_all=True, append_images=[PHOTO.rotate(180)]),
    "WebP": encoded(PHOTO.convert("RGBA"), "WEBP", exif=SOME_EXIF, xmp=b"<xmp>"),
    "animated WebP": encoded(PHOTO, "WEBP", save_all=True, append_images=[PHOTO.rotate(180)]),
    "TIFF": encoded(PHOTO, "TIFF", exif=SOME_EXIF, dpi=(72, 72)),
    "packed TIFF": encoded(PHOTO, "TIFF", compression="tiff_lzw", big_tiff=True),
    "GIF": encoded(PHOTO.convert("P"), "GIF", comment=b"words", transparency=3),
    "animated GIF": encoded(PHOTO, "GIF", save_all=True, append_images=[PHOTO.rotate(180)]),
    "JPEG 2000": encoded(PHOTO, "JPEG2000"),
    "AVIF": encoded(PHOTO, "AVIF", xmp=b"<xmp>"),
    "BMP": encoded(PHOTO, "BMP"),
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_photo_without_metadata_decodes_to_the_same_pixels(kind):
    with_it = Image.open(io.BytesIO(ORDINARY[kind]))
    without = Image.open(containers.without_metadata(ORDINARY[kind]).file())
    assert (without.format, without.mode, without.size) == (with_it.format, with_it.mode, with_it.size)
    assert without.info.get("transparency") == with_it.info.get("transparency")
    assert without.info.get("icc_profile") == with_it.info.get("icc_profile")
    assert without.convert("RGBA").tobytes() == with_it.convert("RGBA").tobytes()


@given(st.data())
@settings(derandomize=True)
@pytest.mark.parametrize("kind", ORDINARY)
def test_any_file_can_be_stripped_of_metadata(kind, data):
    content = bytearray(ORDINARY[kind][:4000])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.sampled_from([0, 1, 127, 255]))
    kept = bytes(content[: data.draw(st.integers(0, len(content)))])
    pixels_alone = containers.without_metadata(kept)
    whole = pixels_alone.file().read()
    assert len(whole) <= len(kept) + 64
    file = pixels_alone.file()
    place = data.draw(st.integers(0, len(whole) + 10))
    assert file.seek(place) == file.tell() == place
    assert file.read(100) == whole[place : place + 100]
