"""Every listed photo is in the corpus as its resized square, or among the rejected with its reason."""

import io

from PIL import Image
from small_corpus import draw_photo

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError
from landmark_lib.images.decode import decode_square
from landmark_lib.images.jpeg import encode_jpeg
from landmark_lib.preprocess.corpus import resize_photos

MAX_PIXELS = 200_000_000


def test_bad_rows_are_rejected_each_with_its_reason(made, csv_corpus):
    assert sorted((r["image_id"], r["reason"]) for r in made.rows("rejected")) == csv_corpus.bad


def test_corpus_and_rejected_add_up_to_what_was_listed(made, csv_corpus):
    listed = len(csv_corpus.good) + len(csv_corpus.bad)
    good = len(csv_corpus.good)
    assert made.manifest.photos == {"listed": listed, "corpus": good, "enlarged": good}
    assert len(made.rows("corpus")) + len(made.rows("rejected")) == listed
    assert sum(made.manifest.rejected.values()) == len(csv_corpus.bad)


def test_corpus_holds_the_resized_square_of_every_good_photo(made, csv_corpus):
    expected = {}
    for image_id, content in csv_corpus.good.items():
        square, width, height = decode_square(content, 250, MAX_PIXELS)
        expected[image_id] = (image_id.rpartition("-")[0], encode_jpeg(square), width, height)
    rows = made.rows("corpus")
    assert len(rows) == len(expected)
    assert {r["image_id"]: (r["landmark_id"], r["image"], r["width"], r["height"]) for r in rows} == expected


def resized(*fetched):
    seen = []
    result = resize_photos(fetched, MAX_PIXELS, lambda photos, size: seen.append((photos, size)))
    assert seen == [(1, len(content) if isinstance(content, bytes) else 0) for _, content in fetched]
    return result


def photo(image_id):
    return {"image_id": image_id, "landmark_id": "x", "uri": f"file:///{image_id}.jpg", "size": None}


def test_what_could_not_be_fetched_is_rejected_with_its_reason():
    result = resized((photo("gone"), BadPhotoError(Reason.DOWNLOAD_FAILED, "HTTP 503")))
    assert result.kept == []
    assert result.rejected == [
        {
            "image_id": "gone",
            "landmark_id": "x",
            "uri": "file:///gone.jpg",
            "reason": "download failed",
            "detail": "HTTP 503",
        }
    ]


def test_a_photo_of_too_many_pixels_is_rejected_and_the_others_are_kept():
    large, small = draw_photo(0, 200, 100), draw_photo(1, 100, 100)
    result = resize_photos([(photo("large"), large), (photo("small"), small)], 15_000, lambda *_: None)
    assert [row["image_id"] for row in result.kept] == ["small"]
    assert [(row["image_id"], row["reason"]) for row in result.rejected] == [("large", "too many pixels")]


def test_photos_shorter_than_the_corpus_images_are_counted_as_enlarged():
    sizes = {"both": (100, 100), "one": (400, 249), "none": (250, 400)}
    result = resized(*((photo(name), draw_photo(0, *size)) for name, size in sizes.items()))
    assert result.enlarged == 2


def test_the_corpus_lists_the_steps_that_change_no_pixel(made):
    assert {tuple(row["without_effect"]) for row in made.rows("corpus")} == {()}
    grey = io.BytesIO()
    Image.new("L", (300, 300), 90).save(grey, "PNG")
    (row,) = resized((photo("grey"), grey.getvalue())).kept
    assert row["without_effect"] == ["mirror", "greyscale"]
