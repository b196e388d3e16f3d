"""Labels, ids, names and paths of others are shown, and never steer the terminal of who reads them."""

import json

import pyarrow as pa
import pytest
from small_dataset import write_small_dataset

from landmark_lib import dataset
from landmark_lib.command_line import exit_status
from landmark_lib.console import show
from landmark_lib.dataset import LandmarkClass
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.evaluation.prediction_files import PredictionFiles, Summary, predictions_schema
from landmark_lib.evaluation.prediction_text import describe_predictions, describe_summary, read_names
from landmark_lib.evaluation.table import describe_evaluation
from landmark_lib.evaluation_results import Comparison, Disagreement, Evaluation, Figure, VoterResult
from landmark_lib.preprocess.summary import describe as describe_dataset
from landmark_lib.preprocess.verify import Finding, TarSums, VerifyReport
from landmark_lib.settings import TrainSettings
from landmark_lib.storage import Place
from landmark_lib.tuning.describe import describe as describe_tuning
from landmark_lib.tuning_results import EnsembleResult, TrialResult, Tuning

HOSTILE = "\x1b]0;owned\x07\x1b[2J\rerror: fake\n\x9b1A\u202e\u2066\x7f\x00\u2028\udcff"
VISIBLE = r"\x1b]0;owned\x07\x1b[2J\rerror: fake\n\x9b1A\u202e\u2066\x7f\x00\u2028\udcff"
FIGURE = Figure(0.5, 0.4, 0.6)


def shown(text, capsys):
    """Return the lines that reach the terminal, none of them with anything but text."""
    show(text)
    out, err = capsys.readouterr()
    lines = (out + err).removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in lines), lines
    return lines


def test_the_classes_that_an_evaluation_mixes_up(capsys):
    common = (*[FIGURE] * 6, 0.1, [], [], [(0, 1, 3), (1, 1, 3)], None)
    evaluation = Evaluation(
        dataset="",
        dataset_fingerprint="",
        photos=6,
        classes=2,
        chance=0.5,
        voters=[VoterResult(voter, "imagenet", *common) for voter in ("member-0", "ensemble")],
        comparison=Comparison("member-0", FIGURE, 1, 0, 1.0),
        disagreement=Disagreement([], [], 1.0, None, None),
        no_rejection=HOSTILE,
    )
    classes = [LandmarkClass(0, HOSTILE, 5, 3), LandmarkClass(1, "b", 5, 3)]
    lines = shown(describe_evaluation(evaluation, classes), capsys)
    assert lines[-1] == f"  3 of {VISIBLE} predicted as b"
    assert f"No rejection model: {VISIBLE}" in lines


def test_the_answers_to_photos_with_the_names_of_landmarks(tmp_path, capsys):
    hostile = HOSTILE.replace("\udcff", "")  # files hold no lone surrogates
    names = tmp_path / "names.csv"
    names.write_text("landmark_id,category\nl,http://c/Category:%1B%5B2J%0Aerror:_fake\n")
    answer = {
        "image_id": hostile,
        "member_0_labels": ["l", hostile],
        "member_0_scores": [0.75, 0.25],
        "ensemble_labels": ["l", hostile],
        "ensemble_score": 0.75,
        "ensemble_votes": 1,
    }
    schema = predictions_schema(["member-0"], rejecting=False, similar=False)
    files = PredictionFiles(Place(str(tmp_path / "a\x1b[2Jb")), {}, schema, 1)
    rejected = pa.table({"image_id": ["r"], "reason": [hostile], "detail": [""]})
    files.write(0, pa.Table.from_pylist([answer], schema), rejected)
    found, named = VISIBLE.replace(r"\udcff", ""), r"\x1b[2J\nerror: fake (l)"
    assert shown(describe_predictions(files, ["member-0"], read_names(str(names))), capsys) == [
        f"{found}: 1 of 1 members, score 0.750",
        f"     {'label':{len(found)}}  member-0",
        f"  1  {named:{len(found)}}  0.750",
        f"  2  {found}  0.250",
    ]
    summary = Summary(2, 1, {hostile: 1}, ["member-0"], None)
    assert shown(describe_summary(files, summary), capsys) == [
        f"1 of 2 photos predicted; 1 rejected: {found}",
        f"Predictions: {tmp_path}/a\\x1b[2Jb",
    ]


def test_what_a_data_set_holds_that_others_made(tmp_path, capsys):
    write_small_dataset(str(tmp_path))
    path = tmp_path / dataset.MANIFEST
    content = {**json.loads(path.read_text()), "rejected": {HOSTILE: 3}, "label_counts": {"labels": 0}}
    path.write_text(json.dumps(content))
    lines = shown(describe_dataset(dataset.read_manifest(str(tmp_path))), capsys)
    assert lines[1:] == [f"  3 {VISIBLE}"]


def test_what_was_found_in_a_list_of_photos(capsys):
    findings = (Finding("missing file", 1, (f"{HOSTILE}: {HOSTILE}",)),)
    report = VerifyReport(0, 0, 0, findings, (TarSums(HOSTILE, 1, 2, 3, md5=None),))
    assert shown("\n".join(report.lines()), capsys) == [
        "0 photos are fine (0 bytes)",
        "1 x missing file",
        f"    {VISIBLE}: {VISIBLE}",
        f"{VISIBLE}: 1 photos, 2 bytes, 3 not on the list, MD5 sum unknown",
        "something is wrong",
    ]


def test_what_a_search_found_in_a_folder_of_any_name(capsys):
    ensemble = EnsembleResult([0], 0.5, FIGURE, FIGURE)
    trial = TrialResult(0, 0, "complete", {HOSTILE: HOSTILE}, 0.5, 1, 1.0, "")
    found = Tuning("", "", 1, 1, 1, {}, [trial], {}, ensemble, None, None, None)
    lines = shown(describe_tuning(found, HOSTILE), capsys)
    assert lines[-3:-1] == [
        f"member 0: trial 0: {VISIBLE} {VISIBLE}",
        f"Report: {VISIBLE}/tuning/tune.html",
    ]
    assert lines[-1].startswith("Train them: horovodrun -np 1 python jobs/train.py --member all --config ")


@pytest.mark.parametrize("error", [LandmarkError, UserError])
def test_an_error_that_quotes_a_label_is_one_line(error, capsys):
    def job(settings):
        raise error(f"no such label: {HOSTILE}")

    assert exit_status(TrainSettings, job, []) in (1, 2)
    assert capsys.readouterr() == ("", f"error: no such label: {VISIBLE}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [f"--{HOSTILE}"],
        [HOSTILE],
        ["--config", HOSTILE.replace("\0", "")],
        ["--epochs", HOSTILE],
        ["--members", HOSTILE],
        ["--members", f"[{{{json.dumps(HOSTILE)}: 1}}]"],
        ["--validate-on", HOSTILE],
        ["--member", HOSTILE.replace("\0", "")],
    ],
)
def test_a_wrong_command_line_is_reported_in_one_line_whatever_it_holds(arguments, capsys):
    assert exit_status(TrainSettings, print, arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.removesuffix("\n").isprintable()
