"""Networks are asked what they were trained on: the centres of photos, or whole ones."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import small_network
from job_runs import run_here
from photo_files import draw
from small_dataset import write_small_dataset
from small_ensemble import MEMBERS, SIDE

from landmark_lib.errors import UserError
from landmark_lib.evaluation.networks import load_members
from landmark_lib.evaluation.photos import find_photos
from landmark_lib.evaluation.predict import predict
from landmark_lib.evaluation.prediction_files import ANSWERS, columns_of
from landmark_lib.images.prepare import prepare_photo
from landmark_lib.method.recipes import CENTRE, WHOLE
from landmark_lib.settings import PredictSettings
from landmark_lib.storage import Place
from landmark_lib.training.member_record import read_member, write_member
from landmark_lib.training.stream import decode


@pytest.fixture(scope="module")
def whole_dataset(tmp_path_factory):
    root = str(tmp_path_factory.mktemp("whole"))
    write_small_dataset(root, framing=WHOLE)
    return root


@pytest.fixture
def trained_on(models, tmp_path):
    """Return a function that writes the three members as trained on these framings."""

    def write(*framings):
        own = shutil.copytree(models, tmp_path / " ".join(framings))
        for name, framing in zip(MEMBERS, framings, strict=True):
            place = Place(str(own / name))
            write_member(place, replace(read_member(place), framing=framing))
        return own

    return write


def softmax(models, jpeg):
    members = load_members(str(models))
    (first, *_) = members.outputs({SIDE: decode(jpeg, SIDE)[np.newaxis]})
    scores = np.exp(first.logits.numpy()[0])
    return (scores / scores.sum()).max()


@pytest.mark.parametrize("framing", [CENTRE, WHOLE])
def test_users_photos_are_asked_as_the_members_were_trained(trained_on, tmp_path, one_rank, framing):
    models, photos = trained_on(*[framing] * 3), tmp_path / "photos"
    photos.mkdir()
    draw(1).save(photos / "a.png")
    settings = PredictSettings(input=str(photos), models=str(models), output=str(tmp_path / "out"))
    files, _ = predict(settings, find_photos(settings, ""), one_rank)
    ((row,),) = [table.to_pylist() for table in files.read(ANSWERS)]
    jpeg = prepare_photo((photos / "a.png").read_bytes(), framing=framing)
    np.testing.assert_allclose(row[columns_of("member-0")[1]][0], softmax(models, jpeg), rtol=1e-4)


def test_centres_of_whole_held_out_photos_are_asked_but_not_the_other_way_around(
    trained_on, whole_dataset, small_dataset, tmp_path, one_rank
):
    of_centres = PredictSettings(models=str(trained_on(*[CENTRE] * 3)), output=str(tmp_path / "centres"))
    _, summary = predict(of_centres, find_photos(of_centres, whole_dataset), one_rank)
    assert summary.answered == 7
    of_whole = PredictSettings(models=str(trained_on(*[WHOLE] * 3)), output=str(tmp_path / "whole"))
    with pytest.raises(UserError, match="holds the centres of its photos, but the networks were trained on"):
        predict(of_whole, find_photos(of_whole, small_dataset), one_rank)


def test_members_of_different_framings_cannot_vote_together(trained_on):
    with pytest.raises(UserError, match=r"member-0 and member-2 .* of different framing, centre and whole"):
        load_members(str(trained_on(CENTRE, CENTRE, WHOLE)))


def test_members_trained_on_whole_photos_say_so_and_are_asked_for_them(whole_dataset, tmp_path):
    options = ("--models", tmp_path, "--dataset", whole_dataset)
    trained = run_here("train", *options, *small_network.OPTIONS, "--epochs", "1", "--member", "all")
    assert trained.returncode == 0, trained.stderr
    assert {read_member(Place(str(tmp_path / f"member-{number}"))).framing for number in (0, 1)} == {WHOLE}
    asked = run_here("predict", *options, "--report", tmp_path / "page.html")
    assert asked.returncode == 0, asked.stderr
