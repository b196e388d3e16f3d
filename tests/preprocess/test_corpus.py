"""Every listed photo is in the corpus as its resized square, or among the rejected with its reason."""

import pytest

from landmark_lib.dataset import Reason
from landmark_lib.images.decode import decode_square
from landmark_lib.images.jpeg import encode_jpeg
from landmark_lib.preprocess.corpus import resize_photos


def test_bad_rows_are_rejected_each_with_its_reason(made, csv_corpus):
    assert sorted((r["image_id"], r["reason"]) for r in made.rows("rejected")) == csv_corpus.bad


def test_corpus_and_rejected_add_up_to_what_was_listed(made, csv_corpus):
    listed = len(csv_corpus.good) + len(csv_corpus.bad)
    assert made.manifest.photos == {"listed": listed, "corpus": len(csv_corpus.good)}
    assert len(made.rows("corpus")) + len(made.rows("rejected")) == listed
    assert sum(made.manifest.rejected.values()) == len(csv_corpus.bad)


def test_corpus_holds_the_resized_square_of_every_good_photo(made, csv_corpus):
    expected = {}
    for image_id, content in csv_corpus.good.items():
        square, width, height = decode_square(content, 250)
        expected[image_id] = (image_id.rpartition("-")[0], encode_jpeg(square), width, height)
    rows = made.rows("corpus")
    assert len(rows) == len(expected)
    assert {r["image_id"]: (r["landmark_id"], r["image"], r["width"], r["height"]) for r in rows} == expected


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("file:///nowhere/a.jpg", Reason.MISSING_FILE),
        ("file:///etc", Reason.UNREADABLE_FILE),
        ("file:///etc/passwd/a.jpg", Reason.UNREADABLE_FILE),
        ("http://example.org/a.jpg", Reason.UNSUPPORTED_ADDRESS),
        ("HTTPS://example.org/a.jpg", Reason.UNSUPPORTED_ADDRESS),
        ("unknown://a.jpg", Reason.UNSUPPORTED_ADDRESS),
    ],
)
def test_what_cannot_be_fetched_is_rejected(uri, reason):
    photo = {"image_id": "a", "landmark_id": "x", "uri": uri, "reason": None, "detail": None}
    kept, rejected = resize_photos([photo])
    assert kept == []
    assert [(row["image_id"], row["reason"]) for row in rejected] == [("a", reason)]


def test_what_the_list_refused_is_not_looked_for():
    photo = {"image_id": "a", "landmark_id": None, "uri": "file:///etc/passwd"}
    listed = {**photo, "reason": "no label", "detail": "lies outside"}
    assert resize_photos([listed]) == ([], [listed])
