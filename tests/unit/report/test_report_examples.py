"""The photos of a report are few, show what they should, and do not depend on any order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from landmark_lib import dataset
from landmark_lib.dataset import FileRecord, LandmarkClass
from landmark_lib.images.jpeg import encode_jpeg
from landmark_lib.report import examples
from landmark_lib.report.examples import (
    IMAGES_SHOWN,
    ORIGINALS_SHOWN,
    PlannedImage,
    downsampled_images,
    read_some,
    upsampled_images,
)
from landmark_lib.report.mosaic import CAPTION, draw_sheet, tile

CUTOFF, TARGET = 9, 4
# One class that is cut, one that is raised, one between.
CLASSES = [LandmarkClass(0, "cut", 90, 88), LandmarkClass(1, "raised", 5, 3), LandmarkClass(2, "kept", 8, 6)]
IMAGES = st.lists(
    st.builds(
        PlannedImage,
        st.uuids().map(str),
        st.integers(0, 2),
        st.sampled_from([(), (0,), (1, 2)]),
        st.lists(st.text(max_size=3), max_size=12).map(tuple),
        st.sampled_from(["corpus/a", "corpus/b"]),
    ),
    max_size=80,
    unique_by=lambda image: image.image_id,
)


def image(number, class_index=0, members=(), recipes=("plain",), file="corpus/a"):
    return PlannedImage(f"image {number:03d}", class_index, members, recipes, file)


@given(IMAGES, st.randoms(use_true_random=False))
def test_order_of_images_changes_nothing(images, random):
    shuffled = random.sample(images, len(images))
    for choose, number in ((downsampled_images, CUTOFF), (upsampled_images, TARGET)):
        assert choose(images, CLASSES, number) == choose(shuffled, CLASSES, number)


def test_order_changes_nothing_with_more_images_than_shown():
    images = [image(k, file="corpus/0" if k % 3 else "corpus/1") for k in range(2 * IMAGES_SHOWN)]
    chosen = downsampled_images(images, CLASSES, CUTOFF)
    assert chosen == downsampled_images(images[::-1], CLASSES, CUTOFF)
    assert {i.file for i in chosen} == {"corpus/0"}  # few files are opened


@given(IMAGES)
def test_chosen_images_are_few_and_of_one_matching_class(images):
    cut = downsampled_images(images, CLASSES, CUTOFF)
    assert {i.class_index for i in cut} == ({0} if any(i.class_index == 0 for i in images) else set())
    assert len(cut) == min(IMAGES_SHOWN, sum(i.class_index == 0 for i in images))
    raised = upsampled_images(images, CLASSES, TARGET)
    assert {i.class_index for i in raised} <= {1}
    assert len(raised) == min(ORIGINALS_SHOWN, sum(i.class_index == 1 for i in images))


def test_downsampled_class_shown_has_drawn_and_other_images():
    classes = [LandmarkClass(k, str(k), 99, 97) for k in range(3)]
    images = [image(k, 0, ()) for k in range(30)] + [image(30 + k, 1, (0,)) for k in range(30)]
    images += [image(60 + k, 2, (0,) if k % 2 else ()) for k in range(8)]
    assert {i.class_index for i in downsampled_images(images, classes, CUTOFF)} == {2}


def test_upsampled_images_with_the_most_outputs_are_shown():
    images = [image(k, 1, (0,), ("plain",) * outputs) for k, outputs in enumerate((2, 3, 1, 3))]
    assert [len(i.recipes) for i in upsampled_images(images, CLASSES, TARGET)] == [3, 3, 2]


@pytest.mark.parametrize(("files", "read"), [(0, []), (3, [0, 1, 2]), (8, [0, 2, 4, 6]), (9, [0, 2, 4, 6])])
def test_of_many_files_some_are_read_evenly_spread(files, read, tmp_path, monkeypatch):
    monkeypatch.setattr(examples, "MAX_FILES", 4)
    labels = dataset.LABELS_SCHEMA.empty_table()
    records = [dataset.write_table(str(tmp_path), f"labels/{k}", labels, 8) for k in range(files)]
    assert [path for path, _ in read_some(str(tmp_path), records)] == [f"labels/{k}" for k in read]


def test_a_file_that_is_gone_is_no_empty_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_some(str(tmp_path), [FileRecord("labels/gone", 1, 1, "")])


def test_a_sheet_has_its_tiles_in_lines_under_captions():
    red, blue = (encode_jpeg(Image.new("RGB", (224, 224), colour)) for colour in ("red", "blue"))
    sheet = np.asarray(
        draw_sheet([("reds", [[red, red, red]]), ("both", [[blue], [red]])], side=10, columns=2)
    )
    assert sheet.shape == (2 * CAPTION + 30, 20, 3)
    colours = [
        sheet[top + 5, left].argmax() for top, left in ((CAPTION, 15), (2 * CAPTION + 10, 5), (58 - 10, 5))
    ]
    assert colours == [0, 2, 0]
    assert (sheet[2 * CAPTION + 15, 15] == 255).all()


def test_a_tile_is_the_image_made_small():
    fields = np.zeros((224, 224, 3), np.uint8)
    fields[:112] = 200
    small = np.asarray(tile(encode_jpeg(Image.fromarray(fields)), 8))
    assert small.shape == (8, 8, 3)
    assert abs(int(small[:3].mean()) - 200) < 4
    assert small[5:].mean() < 4
