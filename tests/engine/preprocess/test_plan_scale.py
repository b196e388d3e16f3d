"""Spark plans many labels as the method plans each, and cuts the plan into the corpus's files."""

from collections import defaultdict

import pyarrow as pa
import pytest

from landmark_lib import dataset
from landmark_lib.dataset import CORPUS, CORPUS_SCHEMA, part_name, read_table, write_table
from landmark_lib.method.sampling_plan import SamplingSettings, plan_class
from landmark_lib.preprocess import plan as planning
from landmark_sample.label_counts import labels_without_pixels

LABELS, PHOTOS, FILES, SMALLEST = 150, 2_000, 7, 4
SAMPLING = SamplingSettings(hold_out=2, cutoff=20, target=12, ensemble_size=3, seed=5)
GREY, SYMMETRIC = ("greyscale",), ("greyscale", "mirror")


@pytest.fixture(scope="module")
def images():
    """Return (image id, landmark id, no-op steps) of the corpus."""
    effects = {0: GREY, 1: SYMMETRIC}
    listed = enumerate(labels_without_pixels(LABELS, PHOTOS, seed=1))
    return [(image_id, label, list(effects.get(place % 5, ()))) for place, (image_id, label) in listed]


def write_corpus(root, images, columns):
    """Write a corpus; as the batches of a growing one, its files are not filled by a function of the id."""
    records = []
    for number in range(FILES):
        rows = [
            {"image_id": image_id, "landmark_id": label, "image": b"pixels", "without_effect": steps}
            for image_id, label, steps in images[number::FILES]
        ]
        table = pa.Table.from_pylist(rows, CORPUS_SCHEMA).select(columns)
        records.append(write_table(str(root), part_name(CORPUS, number, FILES), table, 50))
    return records


@pytest.fixture(scope="module")
def corpus(images, tmp_path_factory):
    root = tmp_path_factory.mktemp("plan scale")
    return str(root), write_corpus(root, images, CORPUS_SCHEMA.names)


@pytest.fixture(scope="module")
def classes(images):
    counts = defaultdict(int)
    for _, label, _ in images:
        counts[label] += 1
    return planning.number_classes(counts, SMALLEST, SAMPLING.hold_out)


@pytest.fixture(scope="module")
def expected(images, classes):
    """Plan every label in plain Python; return the rows of the plan by image id."""
    by_label = defaultdict(dict)
    for image_id, label, steps in images:
        by_label[label][image_id] = steps
    rows = {image_id: (None, "dropped", (), ()) for image_id, _, _ in images}
    for row in classes:
        of_class = by_label[row.landmark_id]
        for plan in plan_class(list(of_class), SAMPLING, no_op_steps=of_class):
            rows[plan.image_id] = (row.class_index, plan.role, plan.members, plan.recipes)
    return rows


@pytest.fixture
def planned(spark, corpus, classes):
    return planning.plan_images(planning.read_ids(spark, *corpus), classes, SAMPLING)


def by_id(rows):
    return {
        row["image_id"]: (row["class_index"], row["role"], tuple(row["members"]), tuple(row["recipes"]))
        for row in rows
    }


@pytest.mark.parametrize("images_by_task", [100, planning.IMAGES_PLANNED_BY_TASK])
def test_every_image_is_planned_once_as_the_method_plans_its_label(
    spark, corpus, classes, expected, images_by_task, monkeypatch
):
    assert {role for _, role, _, _ in expected.values()} == set(dataset.Role)
    monkeypatch.setattr(planning, "IMAGES_PLANNED_BY_TASK", images_by_task)
    rows = planning.plan_images(planning.read_ids(spark, *corpus), classes, SAMPLING).collect()
    assert len(rows) == PHOTOS
    assert by_id(rows) == expected


def test_labels_are_counted_from_the_files_of_the_corpus(spark, corpus, images):
    counts = planning.count_labels(planning.read_ids(spark, *corpus))
    labels = [label for _, label, _ in images]
    assert counts == {label: labels.count(label) for label in set(labels)}


def test_an_image_of_an_old_corpus_has_no_no_op_steps(spark, images, tmp_path):
    records = write_corpus(tmp_path, images[:50], ["image_id", "landmark_id", "image"])
    ids = planning.read_ids(spark, str(tmp_path), records)
    assert ids.columns == ["file", "image_id", "landmark_id", "without_effect"]
    assert {tuple(row["without_effect"]) for row in ids.collect()} == {()}


@pytest.fixture(scope="module")
def written(spark, corpus, classes):
    root, records = corpus
    planned = planning.plan_images(planning.read_ids(spark, *corpus), classes, SAMPLING)
    return planning.write_plan(planned, records, root)


def test_each_file_of_the_plan_covers_one_file_of_the_corpus_in_order_of_ids(corpus, written, expected):
    root, records = corpus
    assert [record.path for record in written] == [r.path.replace("corpus", "plan") for r in records]
    for corpus_file, plan_file in zip(records, written, strict=True):
        rows = read_table(root, plan_file.path)
        assert rows.schema.equals(dataset.PLAN_SCHEMA)
        ids = read_table(root, corpus_file.path)["image_id"].to_pylist()
        assert rows["image_id"].to_pylist() == sorted(ids)
        assert by_id(rows.to_pylist()) == {image_id: expected[image_id] for image_id in ids}


def test_files_that_are_missing_are_written_alone_with_the_same_bytes_and_noted_when_whole(
    corpus, written, planned, tmp_path
):
    _, records = corpus
    root = str(tmp_path)

    def commit(number, part):
        (record,) = part.records
        assert (tmp_path / record.path).stat().st_size == record.bytes
        (tmp_path / f"{number}.done").write_text(record.sha256)

    assert planning.write_plan(planned, records, root, missing=[1, 4], commit=commit) == written[1:5:3]
    noted = {path.name: path.read_text() for path in tmp_path.glob("*.done")}
    assert noted == {"1.done": written[1].sha256, "4.done": written[4].sha256}
    assert len(list((tmp_path / "plan").iterdir())) == 2


def test_a_plan_that_is_not_written_is_counted_like_the_files_of_one_that_is(
    spark, corpus, written, planned, expected
):
    counted = planning.count_planned(planned)
    assert counted == planning.count_planned(planning.read_plan(spark, corpus[0], written))
    by_kind = defaultdict(lambda: [0, 0])
    for _, role, members, recipes in expected.values():
        by_kind[role, members][0] += 1
        by_kind[role, members][1] += len(recipes)
    assert {(row.role, row.members): [row.images, row.outputs] for row in counted} == by_kind
