"""Every photo gets an answer or a reason, the same on any number of ranks and after any stop."""

import csv
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from job_runs import run_here
from loopback import served
from photo_files import draw
from small_dataset import image_id, write_unlabelled
from small_ensemble import MEMBERS, SIDE

from landmark_lib import dataset
from landmark_lib.command_line import exit_status
from landmark_lib.dataset import Reason
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.evaluation import photos as photos_module
from landmark_lib.evaluation import prediction_files
from landmark_lib.evaluation.networks import most_likely
from landmark_lib.evaluation.photos import UsersPhotos, find_photos
from landmark_lib.evaluation.predict import predict
from landmark_lib.evaluation.prediction_files import ANSWERS, REJECTED, SUMMARY, columns_of
from landmark_lib.evaluation.prediction_text import describe_predictions, read_names
from landmark_lib.evaluation.submission import fit_test_list, read_test_list, write_submission
from landmark_lib.images.jpeg import decode_jpeg, encode_jpeg
from landmark_lib.jobs import predict as predict_job
from landmark_lib.method.recipes import CENTRE, WHOLE
from landmark_lib.method.vote import vote
from landmark_lib.settings import PredictSettings
from landmark_lib.storage import Place
from landmark_lib.training.model import load_trained
from landmark_lib.training.model_directory import BEST
from landmark_lib.training.stream import decode

PHOTOS = 10
IDS = [f"{'more/' if number % 2 else ''}photo-{number}.png" for number in range(PHOTOS)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Ten photos in two folders, a text and half a photo."""
    root = tmp_path_factory.mktemp("photos")
    (root / "more").mkdir()
    for number in range(PHOTOS):
        draw(number).save(root / ("more" if number % 2 else ".") / f"photo-{number}.png")
    (root / "notes.txt").write_text("no photo")
    whole = io.BytesIO()
    draw(99).save(whole, "JPEG")
    (root / "half.jpg").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    return root


@pytest.fixture
def small_units(monkeypatch):
    monkeypatch.setattr(photos_module, "PHOTOS_PER_UNIT", 5)


def rows_of(files, directory=ANSWERS):
    return pa.concat_tables(files.read(directory)).to_pylist()


def test_hold_out_predictions_equal_those_of_members_and_vote(small_dataset, models, tmp_path, one_rank):
    settings = PredictSettings(models=str(models), output=str(tmp_path), batch_size=3, top_k=2)
    files, summary = predict(settings, find_photos(settings, small_dataset), one_rank)
    rows = rows_of(files)
    assert (summary.photos, summary.answered, summary.rejected) == (7, 7, {})
    assert [row["image_id"] for row in rows] == [image_id("validation", 0, row) for row in range(7)]

    record = dataset.read_manifest(small_dataset).files_in(dataset.VALIDATION)[0]
    jpegs = dataset.read_table(small_dataset, record.path)["image"].to_pylist()
    images = tf.stack([decode(jpeg, SIDE) for jpeg in jpegs])
    softmax = np.stack(
        [tf.nn.softmax(load_trained(Place(str(models / name / BEST)))(images)) for name in MEMBERS]
    )
    labels, scores = softmax.argmax(axis=2), softmax.max(axis=2)
    for name, said, sure in zip(MEMBERS, labels, scores, strict=True):
        assert [row[columns_of(name)[0]][0] for row in rows] == [f"landmark {label}" for label in said]
        np.testing.assert_allclose([row[columns_of(name)[1]][0] for row in rows], sure, rtol=1e-4)
        assert all(len(row[columns_of(name)[0]]) == 2 for row in rows)
    voted = vote(labels, scores)
    assert [row["ensemble_labels"][0] for row in rows] == [f"landmark {label}" for label in voted.classes]
    assert [row["ensemble_votes"] for row in rows] == voted.votes.tolist()
    np.testing.assert_allclose([row["ensemble_score"] for row in rows], voted.scores, rtol=1e-4)


def test_every_file_of_a_folder_is_predicted_or_has_a_reason(folder, models, tmp_path, one_rank, small_units):
    settings = PredictSettings(input=str(folder), models=str(models), output=str(tmp_path))
    files, summary = predict(settings, find_photos(settings, ""), one_rank)
    assert (summary.photos, summary.answered) == (PHOTOS + 2, PHOTOS)
    assert {row["image_id"] for row in rows_of(files)} == set(IDS)
    reasons = {row["image_id"]: row["reason"] for row in rows_of(files, REJECTED)}
    assert reasons == {"notes.txt": "not an image", "half.jpg": "truncated image"}
    assert json.loads((tmp_path / SUMMARY).read_text())["rejected"] == {
        "not an image": 1,
        "truncated image": 1,
    }


@pytest.mark.parametrize(("framing", "shown"), [(CENTRE, slice(13, 237)), (WHOLE, slice(0, 250))])
def test_users_photos_become_what_shards_show_of_a_250_pixel_square(tmp_path, framing, shown):
    draw(1).save(tmp_path / "a.png")
    photos = UsersPhotos(str(tmp_path), PredictSettings(input=str(tmp_path)))
    ((ids, jpegs),) = photos.read(0, print, framing)
    assert ids.tolist() == ["a.png"]
    expected = np.asarray(draw(1)).astype(int)[shown, shown]
    assert np.abs(np.asarray(decode_jpeg(jpegs[0])).astype(int) - expected).mean() < 3


def test_a_csv_lists_photos_by_id_and_rows_without_a_photo_are_rejected(folder, models, tmp_path, one_rank):
    listed = tmp_path / "list.csv"
    first = folder / "photo-0.png"
    listed.write_text(
        f"id,url\nfirst,{first}\nsecond,file://{folder}/more/photo-1.png\n,{first}\nfirst,{first}\n"
        f"gone,{folder}/nothing.png\nempty,\n"
    )
    settings = PredictSettings(input=str(listed), models=str(models), output=str(tmp_path / "out"))
    files, summary = predict(settings, find_photos(settings, ""), one_rank)
    assert summary.photos == 6
    assert [row["image_id"] for row in rows_of(files)] == ["first", "second"]
    assert [(row["image_id"], row["reason"]) for row in rows_of(files, REJECTED)] == [
        ("", "no image id"),
        ("first", "duplicate image id"),
        ("gone", "missing file"),
        ("empty", "missing file"),
    ]


def test_addresses_of_a_csv_are_downloaded(folder, models, tmp_path, one_rank):
    listed = tmp_path / "list.csv"
    with served(folder) as address:
        listed.write_text(f"id,url\nfirst,{address}/photo-0.png\ngone,{address}/nothing.png\n")
        settings = PredictSettings(
            input=str(listed), models=str(models), output=str(tmp_path / "web"), allow_private_addresses=True
        )
        files, _ = predict(settings, find_photos(settings, ""), one_rank)
    assert [(row["image_id"], row["reason"]) for row in rows_of(files, REJECTED)] == [
        ("gone", "missing file")
    ]
    settings = PredictSettings(input=str(folder), models=str(models), output=str(tmp_path / "folder"))
    from_disk, _ = predict(settings, find_photos(settings, ""), one_rank)
    answers = {row["image_id"]: row["ensemble_labels"] for row in rows_of(from_disk)}
    assert [row["ensemble_labels"] for row in rows_of(files)] == [answers["photo-0.png"]]


def test_every_photo_of_an_unlabelled_data_set_is_predicted_or_keeps_its_reason(models, tmp_path, one_rank):
    root = str(tmp_path / "dataset")
    corpus = [{"image_id": f"p{number}", "image": encode_jpeg(draw(number))} for number in range(5)]
    rejected = [{"image_id": "bad", "uri": "photos/bad.jpg", "reason": Reason.TRUNCATED}]
    write_unlabelled(root, corpus, rejected)
    settings = PredictSettings(models=str(models), output=str(tmp_path / "a"))
    files, summary = predict(settings, find_photos(settings, root), one_rank)
    assert (summary.photos, summary.answered, summary.rejected) == (6, 5, {Reason.TRUNCATED: 1})
    assert [row["image_id"] for row in rows_of(files)] == [row["image_id"] for row in corpus]
    assert [row["image_id"] for row in rows_of(files, REJECTED)] == ["bad"]


def test_after_a_full_disk_the_same_command_predicts_only_missing_units(
    folder, models, tmp_path, one_rank, small_units, monkeypatch
):
    settings = PredictSettings(input=str(folder), models=str(models), output=str(tmp_path / "a"))
    real = prediction_files.write_table

    def disk_full(root, path, *rest):
        if path.startswith(f"{ANSWERS}/unit-000001"):
            raise OSError(28, "No space left on device")
        return real(root, path, *rest)

    monkeypatch.setattr(prediction_files, "write_table", disk_full)
    with pytest.raises(LandmarkError, match="No space left on device"):
        predict(settings, find_photos(settings, ""), one_rank)
    assert not (tmp_path / "a" / SUMMARY).exists()
    monkeypatch.setattr(prediction_files, "write_table", real)
    before = (tmp_path / "a" / ANSWERS / "unit-000000.parquet").stat().st_mtime_ns
    files, _ = predict(settings, find_photos(settings, ""), one_rank)
    assert (tmp_path / "a" / ANSWERS / "unit-000000.parquet").stat().st_mtime_ns == before

    settings = PredictSettings(input=str(folder), models=str(models), output=str(tmp_path / "b"))
    undisturbed, _ = predict(settings, find_photos(settings, ""), one_rank)
    assert rows_of(files) == rows_of(undisturbed)
    assert rows_of(files, REJECTED) == rows_of(undisturbed, REJECTED)


def test_predictions_of_other_models_or_photos_are_not_mixed(
    folder, small_dataset, models, tmp_path, one_rank
):
    settings = PredictSettings(input=str(folder), models=str(models), output=str(tmp_path))
    predict(settings, find_photos(settings, ""), one_rank)
    settings = PredictSettings(models=str(models), output=str(tmp_path), top_k=1)
    others = find_photos(settings, small_dataset)
    with pytest.raises(UserError, match="holds predictions with other photos, top; name another directory"):
        predict(settings, others, one_rank)


def test_two_ranks_predict_the_same_as_one(models, tmp_path, ranks):
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(300):  # more than one unit
        draw(number, side=16).save(photos / f"{number:03}.png")
    tables = []
    for run in (lambda *arguments: [run_here(*arguments)], ranks.job):
        out = tmp_path / f"answers {len(tables)}"
        done = run("predict", "--input", photos, "--models", models, "--output", out)
        assert not any(rank.returncode for rank in done), "".join(rank.stderr for rank in done)
        assert "".join(rank.stdout for rank in done).count("300 of 300 photos predicted") == 1
        tables.append(pa.concat_tables(map(pq.read_table, sorted((out / ANSWERS).iterdir()))))
    one, two = tables
    assert one.num_rows == 300
    for column in one.column_names:
        if "score" not in column:
            assert one[column] == two[column]
    np.testing.assert_allclose(one["ensemble_score"], two["ensemble_score"], rtol=1e-5)


def test_submission_follows_the_test_list_with_empty_rows_for_rejected_photos(
    folder, models, tmp_path, one_rank
):
    settings = PredictSettings(input=str(folder), models=str(models), output=str(tmp_path / "out"))
    files, _ = predict(settings, find_photos(settings, ""), one_rank)
    target = tmp_path / "submission.csv"
    wanted = ["photo-3", "half", "photo-0", "gone"]
    lines = fit_test_list(wanted, list(find_photos(settings, "").image_ids()))
    assert write_submission(files, str(target), lines) == (4, 2)
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    answers = {row["image_id"]: row for row in rows_of(files)}
    assert [row["id"] for row in rows] == wanted
    assert rows[1]["landmarks"] == rows[3]["landmarks"] == ""
    label, score = rows[0]["landmarks"].rsplit(" ", 1)
    assert label == answers["more/photo-3.png"]["ensemble_labels"][0]
    assert float(score) == answers["more/photo-3.png"]["ensemble_score"]
    assert write_submission(files, str(target), None) == (PHOTOS + 2, 2)


def test_landmarks_are_shown_by_name_if_given(folder, models, tmp_path, one_rank):
    names = tmp_path / "names.csv"
    names.write_text(
        "landmark_id,category\nlandmark 0,http://commons.wikimedia.org/wiki/Category:Ch%C3%A2teau_de_X\n"
    )
    settings = PredictSettings(input=str(folder), models=str(models), output=str(tmp_path / "out"))
    files, summary = predict(settings, find_photos(settings, ""), one_rank)
    text = describe_predictions(files, summary.members, read_names(str(names)))
    assert "Château de X (landmark 0)" in text
    assert "landmark 1" in text
    assert text.count("of 3 members, score") == PHOTOS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--input", "/nowhere"], "--input: no such folder or file: /nowhere"),
        (["--input", "x", "--dataset", "y"], "--input: expected no --dataset with it, received both"),
        (["--dataset", "/nowhere"], "/nowhere is not a finished data set"),
        (["--models", "/nowhere"], "--models: /nowhere has no trained member"),
        (["--top-k", "0"], "--top-k: expected at least 1, received 0"),
        (["--test-list", "x"], "--test-list: expected --submission with it, received none"),
        (["--names", "/nowhere"], "--names: no such file: /nowhere"),
        (["--test-list", "/nowhere", "--submission", "s.csv"], "--test-list: no such file: /nowhere"),
    ],
)
def test_a_users_mistake_is_one_line_and_status_2(small_dataset, models, tmp_path, capsys, options, message):
    defaults = ["--quiet", "--output", str(tmp_path)]
    if "--models" not in options:
        defaults += ["--models", str(models)]
    if not {"--dataset", "--input"} & set(options):
        defaults += ["--dataset", small_dataset]
    assert exit_status(PredictSettings, predict_job.predict, [*defaults, *options]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"error: {message}")
    assert told.count("\n") == 1


def test_a_page_shows_the_first_photos(folder, models, tmp_path, capsys):
    page = tmp_path / "page" / "out.html"
    options = ["--input", str(folder), "--models", str(models), "--output", str(tmp_path / "out")]
    assert exit_status(PredictSettings, predict_job.predict, [*options, "--report", str(page)]) == 0
    assert f"Report: {page}" in capsys.readouterr().out
    text = page.read_text()
    assert all(f'alt="Photo {image_id}"' in text for image_id in IDS if image_id.endswith(".png"))


def test_a_test_list_needs_ids(tmp_path):
    (tmp_path / "list.csv").write_text("url\nx\n")
    with pytest.raises(UserError, match="expected a CSV with the header id, found 'url'"):
        read_test_list(str(tmp_path / "list.csv"))


def test_the_most_likely_labels_come_first_and_equal_ones_by_index():
    logits = tf.math.log(tf.constant([[0.1, 0.4, 0.1, 0.4]]))
    assert most_likely(logits, 3).classes.tolist() == [[1, 3, 0]]
    assert most_likely(logits, 9).classes.shape == (1, 4)
