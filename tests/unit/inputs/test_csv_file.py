"""A user's CSV is read whatever program wrote it, or refused in a line that says what it is."""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import os
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from landmark_lib.errors import UserError
from landmark_lib.inputs import csv_file
from landmark_lib.inputs.csv_file import UsersCsv, read_columns
from landmark_lib.storage import Place

TABLE = [("0001", "Château, Süd"), ("0002", 'the "old" mill'), ("0003", "two\nlines")]
PLAIN = 'id,name\n0001,"Château, Süd"\n0002,"the ""old"" mill"\n0003,"two\nlines"\n'
SIMPLE = "id,name\n0001,Château\n0002,mill\n"
SIMPLE_ROWS = [("0001", "Château"), ("0002", "mill")]


def rows_of(content, columns=("id", "name"), *, in_memory=False):
    opened = UsersCsv(io.BytesIO(content), "list.csv", "--names")
    tables = [rows.table for rows in opened.rows(columns, in_memory=in_memory)]
    return [tuple(row.values()) for table in tables for row in table.to_pylist()]


def zipped(files, **how):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def read(tmp_path, content, columns=("id", "name")):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    table = read_columns(Place(str(path)), "--names", columns)
    return [tuple(row.values()) for row in table.to_pylist()]


@pytest.mark.parametrize("in_memory", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_encoding_of_unicode_reads_the_same(encoding, in_memory):
    assert rows_of(PLAIN.encode(encoding), in_memory=in_memory) == TABLE


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_a_mark_says_the_order_of_bytes(mark):
    encoding = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
    assert rows_of(mark + PLAIN.encode(encoding)) == TABLE


@pytest.mark.parametrize("encoding", ["latin-1", "windows-1252"])
def test_text_that_is_not_utf_8_is_read_as_windows_1252_and_reported_once(tmp_path, capsys, encoding):
    assert read(tmp_path, PLAIN.encode(encoding)) == TABLE
    assert capsys.readouterr().err == (
        f"warning: {tmp_path}/list.csv is not UTF-8 and was read as Windows-1252;"
        " save it as UTF-8 if names are wrong\n"
    )


def test_utf_8_is_not_reported(tmp_path, capsys):
    read(tmp_path, PLAIN.encode())
    assert capsys.readouterr().err == ""


def test_the_five_bytes_without_a_meaning_in_windows_1252_lose_nothing():
    assert rows_of(b"id,name\n1,\x81\x8d\x8f\x90\x9d\x80\n") == [("1", "\x81\x8d\x8f\x90\x9d€")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_delimiter_and_line_end_is_found_out(delimiter, end):
    content = SIMPLE.replace(",", delimiter).replace("\n", end)
    assert rows_of(content.encode()) == SIMPLE_ROWS
    assert rows_of(content.removesuffix(end).encode()) == SIMPLE_ROWS


def test_a_delimiter_in_a_quoted_name_of_a_column_is_none():
    assert rows_of(b'"a;b;c;d;e",id,name\n1,2,3\n') == [("2", "3")]


def test_the_columns_that_lists_have_decide_the_delimiter():
    content = b"id;title, long, with, commas;name\n1;x;y\n"
    assert rows_of(content) == [("1", "y")]


def test_excels_own_first_line_names_the_delimiter():
    assert rows_of(b"sep=|\r\nid|name\r\n1|x\r\n") == [("1", "x")]


def test_cells_and_names_of_columns_are_trimmed_and_case_is_nothing_in_names():
    content = ' Id ,\tNAME\u00a0,"other "\n 1 , Old mill ,x\n" 2",\u00a0b\t,y\n'
    assert rows_of(content.encode()) == [("1", "Old mill"), ("2", "b")]


def test_zero_characters_are_left_out():
    assert rows_of(b"id,na\0me\n1\0,x\n\0\0") == [("1", "x")]


def test_blank_lines_are_nothing():
    assert rows_of(b"\n\r\n  \nid,name\n\n1,x\n\n\n2,y\n\n") == [("1", "x"), ("2", "y")]


def test_a_name_of_a_column_may_hold_a_line_break():
    assert rows_of(b'id,"a\nb",name\n1,2,3\n') == [("1", "3")]


def test_a_column_given_twice_is_refused_where_it_counts():
    assert rows_of(b"x,id,X,name\n1,2,3,4\n") == [("2", "4")]
    with pytest.raises(
        UserError, match=r"--names: expected one column id in list\.csv, found 2: 'id,ID,name'"
    ):
        rows_of(b"id,ID,name\n1,2,3\n")


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(PLAIN.encode()),
        gzip.compress(PLAIN.encode()[:20]) + gzip.compress(PLAIN.encode()[20:]),
        gzip.compress(PLAIN.encode("utf-16")),
        zipped({"train.csv": PLAIN}),
        zipped({"lists/": "", "lists/train.csv": PLAIN, "__MACOSX/lists/._train.csv": "x", ".DS_Store": "x"}),
    ],
    ids=["gzip", "gzip of two parts", "gzip of UTF-16", "zip", "zip of macOS"],
)
def test_a_packed_list_reads_the_same(tmp_path, packed):
    assert read(tmp_path, packed) == TABLE


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped({"a.csv": "id", "b.csv": "id"}), "expected one file in .*, found 2: a.csv, b.csv"),
        (
            zipped({f"{i}.jpg": "" for i in range(9)}),
            "expected one file in .*, found 9: 0.jpg, 1.jpg, 2.jpg, …",
        ),
        (zipped({}), "list.csv"),
        (zipped({"xl/workbook.xml": "", "[Content_Types].xml": ""}), "is a spreadsheet; save it as a CSV"),
        (zipped({"train.csv": PLAIN})[:-30], "cannot be unpacked"),
        (gzip.compress(PLAIN.encode() * 99)[:-9], "cannot be read to its end"),
        (gzip.compress(PLAIN.encode())[:12], "cannot be read to its end"),
        (b"\x1f\x8bno gzip at all", "cannot be read to its end"),
        (bz2.compress(PLAIN.encode()), "is compressed by bzip2"),
        (lzma.compress(PLAIN.encode()), "is compressed by xz"),
        (b"PAR1\0\0", "is a Parquet file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a spreadsheet"),
        (b"", "expected a CSV with the header id,name, found ''"),
        (b"0001,mill\n0002,tower\n", "expected a CSV with the header id,name, found '0001,mill'"),
        (b"id,title\n1,x\n", "expected a CSV with the header id,name, found 'id,title'"),
        (b"id,name\n1,x\n\n2\n", "row 3: expected 2 columns, found 1: '2'"),
        (b"id,name\n1,x\n2,y,z\n", "row 3: expected 2 columns, found 3: '2,y,z'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "content",  # archives hold the time
)
def test_an_unreadable_list_is_reported_in_one_line(tmp_path, content, message):
    with pytest.raises(UserError, match=message) as error:
        read(tmp_path, content)
    assert str(error.value).startswith("--names: ")
    assert "\n" not in str(error.value)


def test_an_encrypted_list_is_reported_in_one_line(tmp_path):
    content = bytearray(zipped({"train.csv": PLAIN}))
    for mark in (b"PK\3\4", b"PK\1\2"):
        content[content.index(mark) + (6 if mark == b"PK\3\4" else 8)] |= 1  # as if it were
    with pytest.raises(UserError, match=r"cannot be unpacked: .*encrypted"):
        read(tmp_path, bytes(content))


def test_a_list_that_is_not_a_file_is_reported_in_one_line(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, message in {
        "nowhere.csv": "no such file",
        "": "not a regular file",
        "pipe": "not a regular file",
    }.items():
        with pytest.raises(UserError, match=f"--names: .*{message}"):
            read_columns(Place(str(tmp_path / name)), "--names", ["id"])


def test_a_bomb_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_file, "BYTES_IN_MEMORY", 1 << 20)
    bomb = gzip.compress(b"id,name\n" + b"1,x\n" * (1 << 20), compresslevel=1)
    with pytest.raises(UserError, match=r"list\.csv has more than 1,048,576 bytes of text"):
        read(tmp_path, bomb)


def test_a_bomb_of_zeros_is_an_empty_list(tmp_path):
    assert read(tmp_path, gzip.compress(b"id,name\n" + bytes(32 << 20), compresslevel=1)) == []


@given(
    st.lists(st.tuples(*[st.text("ab;,\t\"'é塔 \r\n", max_size=6)] * 2), max_size=20),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.integers(4, 40),
)
@example([("", "")], ",", "utf-8", 4)
def test_pieces_of_any_size_give_the_same_rows(rows, delimiter, encoding, size):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("id", "name"), *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("landmark_lib.inputs.csv_bytes.CHUNK_BYTES", size)
        patch.setattr(csv_file, "LONGEST_HEADER", 40)
        found = rows_of(text.getvalue().encode(encoding))
    assert found == [tuple(cell.strip() for cell in row) for row in rows]
