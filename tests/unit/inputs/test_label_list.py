"""A list of photos of any make is read row by row, and no line of it is lost."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.dataset import Reason
from landmark_lib.errors import UserError
from landmark_lib.inputs.csv_file import UsersCsv, read_header
from landmark_lib.inputs.label_list import check_header, read_labels
from landmark_lib.storage import Place

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)
IDS = st.text("0123456789abcdef", min_size=1, max_size=16)


def rows_of(content, name="train.csv", *, unlabelled=False):
    opened = UsersCsv(io.BytesIO(content), name, "--labels")
    return [row for table in read_labels(opened, unlabelled=unlabelled) for row in table.to_pylist()]


def labels_of(content):
    return [(row["image_id"], row["landmark_id"], row["url"]) for row in rows_of(content)]


def write(rows, **how):
    text = io.StringIO(newline="")
    csv.writer(text, **how).writerows(rows)
    return text.getvalue().encode()


@given(st.lists(st.tuples(TEXT, TEXT, TEXT)), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_a_csv_writer_wrote_is_read_back(rows, end, quote_all):
    how = {"lineterminator": end, "quoting": csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL}
    trimmed = [tuple(map(str.strip, row)) for row in rows]
    expected = [(image_id, label or None, url) for image_id, label, url in trimmed]
    assert labels_of(write([("id", "landmark_id", "url"), *rows], **how)) == expected


@given(st.dictionaries(IDS, st.lists(IDS, min_size=1)))
def test_ids_with_spaces_between_give_a_row_each(ids_by_label):
    rows = [(label, " ".join(ids)) for label, ids in ids_by_label.items()]
    expected = [(i, label, None) for label, ids in ids_by_label.items() for i in ids]
    assert labels_of(write([("landmark_id", "images"), *rows])) == expected


@pytest.mark.parametrize(
    "text",
    [
        "id,url,landmark_id\na,u,x\n",
        "id,url,landmark_id\na,u,x",
        "\ufeffid,url,landmark_id\r\na,u,x\r\n",
        'landmark_id,extra,"id","url"\n"x",1,"a","u"\n',
        "id,url,landmark_id\n\n\na,u,x\n\n",
    ],
    ids=["plain", "no last end of line", "from Windows", "other order, quoted", "blank lines"],
)
def test_lists_of_every_make_read_the_same(text):
    assert labels_of(text.encode()) == [("a", "x", "u")]


def test_a_label_without_images_is_a_row_without_an_id():
    assert labels_of(b"landmark_id,images\nx,\ny,  a  b \n") == [
        ("", "x", None),
        ("a", "y", None),
        ("b", "y", None),
    ]


@pytest.mark.parametrize("header", ["id,url,landmark_id", "id,url,landmark_id\n"])
def test_a_list_of_its_header_alone_has_no_rows(header):
    assert rows_of(header.encode()) == []


def test_rows_with_another_number_of_columns_are_reported_with_their_number():
    rows = rows_of(b"id,url,landmark_id\na,u,x\nb,y\nc,u,z\nd,1,2,3\n")
    assert [(row["image_id"], row["reason"], row["detail"]) for row in rows] == [
        ("a", None, None),
        ("c", None, None),
        ("train.csv row 3", Reason.BROKEN_ROW, "expected 3 columns, found 2: 'b,y'"),
        ("train.csv row 5", Reason.BROKEN_ROW, "expected 3 columns, found 4: 'd,1,2,3'"),
    ]


def test_a_quote_that_nobody_closed_loses_none_of_the_lines_behind_it():
    rows = rows_of(b'id,url,landmark_id\na,u,x\nb,"u,x\nc,u,x\nd,u,x\n')
    assert [row["image_id"] for row in rows] == [
        "a",
        "train.csv row 3",
        "train.csv row 3 line 2",
        "train.csv row 3 line 3",
    ]


@given(st.lists(st.lists(st.text("ab ", max_size=3), min_size=1, max_size=5)))
def test_every_line_is_a_row(rows):
    content = "id,url,landmark_id\n" + "".join(f"{','.join(row)}x\n" for row in rows)
    assert len(rows_of(content.encode())) == len(rows)


def test_a_row_without_an_id_or_a_label_says_so():
    rows = rows_of(b"id,landmark_id\n,x\nb, \n ,\nd,y\n")
    assert [(row["image_id"], row["landmark_id"], row["reason"]) for row in rows] == [
        ("", "x", Reason.NO_ID),
        ("b", None, Reason.NO_LABEL),
        ("", None, Reason.NO_ID),
        ("d", "y", None),
    ]
    assert [row["landmark_id"] for row in rows_of(b"id,landmark_id\na,x\n", unlabelled=True)] == [None]


def test_without_labels_addresses_stand_for_ids_that_are_not_there():
    (row,) = rows_of(b"url\nhttps://example.org/a.jpg\n", unlabelled=True)
    assert (row["image_id"], row["url"]) == ("https://example.org/a.jpg",) * 2


def test_a_row_too_long_to_read_is_an_error_with_its_number(monkeypatch):
    monkeypatch.setattr("landmark_lib.inputs.csv_file.BYTES_PER_BLOCK", 400)
    content = b"id,url,landmark_id\n" + b"a,u,x\n" * 90 + b'b,"' + b"u\n" * 900
    with pytest.raises(UserError, match=r"train\.csv cannot be read as a CSV beyond row \d+: straddling"):
        rows_of(content)


@pytest.mark.parametrize(
    ("header", "unlabelled", "url", "refusal"),
    [
        ("id,url,landmark_id", False, True, None),
        ("id,landmark_id", False, False, None),
        ("landmark_id,images", False, False, None),
        ("id,url", True, True, None),
        ("id", True, False, None),
        ("id,url", False, False, "header id,landmark_id or landmark_id,images, found 'id,url'"),
        ("landmark_id,images", False, True, "header id,url,landmark_id, found 'landmark_id,images'"),
        ("images", False, False, "found 'images'"),
        ("id", True, True, "header id,url, found 'id'"),
        ("url", True, True, None),
        ("url", False, True, "header id,url,landmark_id, found 'url'"),
        ("", False, False, "found ''"),
    ],
)
def test_a_header_is_refused_where_a_column_is_missing(tmp_path, header, unlabelled, url, refusal):
    (tmp_path / "list.csv").write_text(f"\ufeff{header}\r\n")
    names = read_header(Place(str(tmp_path / "list.csv")), "--labels")
    if refusal is None:
        check_header(names, "--labels", unlabelled=unlabelled, url=url)
    else:
        with pytest.raises(UserError) as error:
            check_header(names, "--labels", unlabelled=unlabelled, url=url)
        assert refusal in str(error.value)
