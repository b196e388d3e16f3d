"""MD5 lists beside tars are understood as md5sum writes them."""

import pytest

from landmark_lib.errors import UserError
from landmark_lib.preprocess.sources.md5_lists import parse_line, read_md5_lists
from landmark_lib.storage import Place

MD5 = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("line", "list_name"),
    [
        (f"{MD5}  images_000.tar", "md5.images_000.txt"),
        (f"{MD5} *images_000.tar", "MD5SUMS"),
        (f"{MD5.upper()}  train/images_000.tar", "md5sums.txt"),
        (f"\\{MD5}  images_000.tar", "md5sums.txt"),
        (MD5, "md5.images_000.txt"),
        (MD5, "images_000.tar.md5"),
        (MD5, "images_000.md5"),
        (f"{MD5} ", "images_000.tar.md5.txt"),
    ],
)
def test_a_line_holds_the_sum_of_a_tar(line, list_name):
    assert parse_line(line, list_name) == ("images_000.tar", MD5)


@pytest.mark.parametrize("line", ["", MD5[1:], f"{MD5}images_000.tar", "no sum"])
def test_other_lines_are_no_sums(line):
    assert parse_line(line, "md5sums.txt") is None


def test_all_lists_in_the_folder_of_a_tar_are_read(tmp_path):
    (tmp_path / "md5sums.txt").write_text(f"{MD5}  a.tar\r\n\r\n{MD5}  b.tar\r\nwhat?\r\n")
    (tmp_path / "md5.a.txt").write_text(f"{MD5}  a.tar\n")
    (tmp_path / "a.tar").write_bytes(b"")
    for address in (tmp_path, tmp_path / "a.tar"):
        read = read_md5_lists(Place(str(address)))
        assert read.sums == {"a.tar": MD5, "b.tar": MD5}
        assert read.not_understood == ["md5sums.txt: what?"]


def test_two_sums_of_one_tar_are_the_users_mistake(tmp_path):
    (tmp_path / "md5sums.txt").write_text(f"{MD5}  a.tar\n")
    (tmp_path / "md5.a.txt").write_text(f"{MD5[::-1]}  a.tar\n")
    with pytest.raises(UserError, match=r"give a\.tar two sums"):
        read_md5_lists(Place(str(tmp_path)))
