"""The members of a tar are found by its headers, whatever happened to the archive."""

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_lib.dataset import Reason
from landmark_lib.inputs.tar_members import BYTES_SEARCHED_AT_ONCE, Loss, Member, read_members

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0/", exclude_categories=["Cs"]),
    min_size=1,
    max_size=120,
)
FILES = st.lists(st.tuples(NAMES, st.binary(max_size=2000)), max_size=8)


def make_tar(files, tar_format=tarfile.PAX_FORMAT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as tar:
        for name, content in files:
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    return buffer.getvalue()


def found_in(tar):
    return found_by(io.BytesIO(tar), len(tar))


def found_by(file, size):
    found = list(read_members(file, size))
    return [m for m in found if isinstance(m, Member)], [loss for loss in found if isinstance(loss, Loss)]


def content_of(tar, member):
    return tar[member.offset : member.offset + member.size]


def photos(count, size=700):
    return [(f"a/{number}.jpg", bytes([number + 1]) * size) for number in range(count)]


@given(FILES, st.sampled_from(FORMATS[1:]))
def test_every_member_of_a_whole_tar_is_found_with_its_content(files, tar_format):
    tar = make_tar(files, tar_format)
    members, losses = found_in(tar)
    assert [(m.name, content_of(tar, m), m.reason) for m in members] == [(*file, None) for file in files]
    assert losses == []


@given(FILES, FILES)
def test_tars_one_after_the_other_are_one_tar(first, second):
    tar = make_tar(first) + make_tar(second)
    members, losses = found_in(tar)
    assert [content_of(tar, m) for m in members] == [content for _, content in first + second]
    assert losses == []


@given(FILES, st.sampled_from(FORMATS[1:]), st.data())
def test_a_tar_cut_anywhere_gives_what_lies_before_the_cut_and_says_so(files, tar_format, data):
    whole = make_tar(files, tar_format)
    members, _ = found_in(whole)
    end = max((-(-(m.offset + m.size) // 512) * 512 for m in members), default=0)
    cut = data.draw(st.integers(0, end + 512))
    found, losses = found_in(whole[:cut])
    complete = [m for m in members if m.offset + m.size <= cut and m.offset <= cut]
    assert found[: len(complete)] == complete
    assert [m.reason for m in found[len(complete) :]] in ([], [Reason.TRUNCATED])
    assert len(losses) == 1


@given(st.integers(0, 3), st.integers(0, 511), st.integers(1, 255))
def test_a_broken_header_loses_its_own_member_alone(broken, position, change):
    files = photos(5)
    tar = bytearray(make_tar(files, tarfile.GNU_FORMAT))
    headers = [m.offset - 512 for m in found_in(bytes(tar))[0]]
    tar[headers[broken] + position] ^= change
    members, losses = found_in(bytes(tar))
    others = [name for number, (name, _) in enumerate(files) if number != broken]
    # Spaces and zeros around a checksum mean the same.
    if len(members) < len(files):
        assert [m.name for m in members] == others
        assert len(losses) == 1
        assert f"no header from byte {headers[broken]} to {headers[broken] + 1536}" in losses[0].detail


@settings(max_examples=300)
@given(st.binary(max_size=3000), FILES, st.data())
def test_bytes_written_over_a_tar_end_in_no_error_and_no_photo_beyond_its_end(junk, files, data):
    tar = bytearray(make_tar(files))
    start = data.draw(st.integers(0, len(tar)))
    tar[start : start + len(junk)] = junk
    members, _ = found_in(bytes(tar))
    assert all(m.reason or 0 <= m.offset <= m.offset + m.size <= len(tar) for m in members)


def test_a_member_that_the_cut_goes_through_is_truncated():
    tar = make_tar(photos(3), tarfile.GNU_FORMAT)
    members, losses = found_in(tar[: 2 * 1536 + 512 + 300])
    assert [(m.reason, m.detail) for m in members[1:]] == [
        (None, None),
        (Reason.TRUNCATED, "the archive ends 400 bytes before it does"),
    ]
    assert losses == [Loss("it ends at byte 3884 without the mark of its end, after a/2.jpg")]


def test_a_header_with_a_size_below_zero_is_a_broken_one():
    header = tarfile.TarInfo("a.jpg")
    header.size = -512
    tar = header.tobuf(tarfile.GNU_FORMAT) + make_tar([("b.jpg", b"photo")])
    members, losses = found_in(tar)
    assert [member.name for member in members] == ["b.jpg"]
    assert losses == [Loss("no header from byte 0 to 512")]


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
@pytest.mark.parametrize("size", [1 << 40, -1024])
def test_a_header_that_announces_more_than_memory_holds_is_a_broken_one(kind, size):
    header = tarfile.TarInfo("long")
    header.type, header.size = kind, size
    tar = header.tobuf(tarfile.GNU_FORMAT) + make_tar(photos(1, 3_000_000), tarfile.GNU_FORMAT)
    file = CountedFile(tar)
    members, losses = found_by(file, len(tar))
    assert [member.name for member in members] == ["a/0.jpg"]
    assert losses == [Loss("no header from byte 0 to 512")]
    assert file.most_at_once <= BYTES_SEARCHED_AT_ONCE


def test_a_hole_of_zeros_that_swallowed_members_is_reported():
    tar = bytearray(make_tar(photos(40), tarfile.GNU_FORMAT))
    tar[1536 * 3 : 1536 * 20] = bytes(1536 * 17)
    members, losses = found_in(bytes(tar))
    assert len(members) == 23
    assert losses == [Loss("no header from byte 4608 to 30720, after a/2.jpg")]


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html>", bytes(range(256)) * 40, b"\x1f\x8b" * 900])
def test_a_file_that_is_not_a_tar_has_no_members_and_is_reported(content):
    members, losses = found_in(content)
    assert members == []
    assert len(losses) == 1


def test_folders_are_skipped_and_links_yield_no_photo():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, kind in (
            ("a", tarfile.DIRTYPE),
            ("a/b.jpg", tarfile.SYMTYPE),
            ("a/c.jpg", tarfile.LNKTYPE),
        ):
            header = tarfile.TarInfo(name)
            header.type, header.linkname = kind, "a/d.jpg"
            tar.addfile(header)
    members, losses = found_in(buffer.getvalue())
    assert [(m.name, m.reason) for m in members] == [
        ("a/b.jpg", Reason.UNREADABLE_FILE),
        ("a/c.jpg", Reason.UNREADABLE_FILE),
    ]
    assert losses == []


def test_names_that_are_not_utf_8_do_not_hide_a_photo():
    tar = make_tar([("caf\udce9.jpg", b"photo")], tarfile.GNU_FORMAT)
    assert [(m.name, m.reason) for m in found_in(tar)[0]] == [("caf\udce9.jpg", None)]


class CountedFile(io.BytesIO):
    """A file that knows how much of it was read."""

    bytes_read = most_at_once = 0

    def read(self, size=-1):
        content = super().read(size)
        self.bytes_read += len(content)
        self.most_at_once = max(self.most_at_once, len(content))
        return content


def test_of_a_tar_with_photos_headers_alone_are_read():
    tar = make_tar(photos(50, 100_000), tarfile.GNU_FORMAT)
    file = CountedFile(tar)
    assert len(list(read_members(file, len(tar)))) == 50
    assert file.bytes_read <= 50 * 512 + tarfile.RECORDSIZE + 1024
