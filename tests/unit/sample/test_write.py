"""Samples are complete or absent, and the same settings give the same bytes."""

import csv
from collections import Counter
from dataclasses import replace
from unittest.mock import patch

import pytest
from PIL import Image

from landmark_lib.command_line import exit_status
from landmark_lib.errors import UserError
from landmark_sample import view, write
from landmark_sample.__main__ import RenderSettings, render
from landmark_sample.label_counts import labels_without_pixels
from landmark_sample.odd_photos import odd_photos
from landmark_sample.write import SampleSettings, write_labels, write_sample

SMALL = SampleSettings(labels=3, photos=9, longest_side=300)


def files(directory):
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def command(*arguments):
    return exit_status(RenderSettings, render, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample") / "out"
    write_sample(SMALL, out, workers=1)
    return out


@pytest.fixture(scope="module")
def with_odd(tmp_path_factory):
    out = tmp_path_factory.mktemp("odd") / "out"
    write_sample(SampleSettings(labels=5, photos=100, layout="csv", longest_side=300), out, workers=1)
    return out


def test_folders_hold_the_photos_of_the_list(folders):
    rows = labels_without_pixels(3, 9, seed=0)
    assert set(files(folders)) == {f"{landmark_id}/{image_id}.jpg" for image_id, landmark_id in rows}


def test_csv_and_folders_hold_the_same_photos(folders, tmp_path):
    write_sample(replace(SMALL, layout="csv"), tmp_path / "out", workers=1)
    with (tmp_path / "out" / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    listed = {
        f"{row['landmark_id']}/{row['id']}.jpg": (tmp_path / "out" / row["url"]).read_bytes() for row in rows
    }
    assert listed == files(folders)


def test_list_without_pixels_equals_that_of_the_photos(tmp_path):
    write_sample(replace(SMALL, layout="csv"), tmp_path / "photos", workers=1)
    write_labels(SMALL, tmp_path / "list")
    assert files(tmp_path / "list") == {"labels.csv": (tmp_path / "photos" / "labels.csv").read_bytes()}


def test_another_seed_gives_other_photos(folders, tmp_path):
    write_sample(replace(SMALL, seed=1), tmp_path / "out", workers=1)
    assert not set(files(tmp_path / "out").values()) & set(files(folders).values())


def test_exactly_the_photos_planned_as_unreadable_cannot_be_read(with_odd):
    planned = {i for i, oddity in odd_photos(5, 100, seed=0).items() if not oddity.is_readable}
    with (with_odd / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["id"] for row in rows if not can_be_read(with_odd / row["url"])} == planned
    assert sum(row["url"].endswith(".png") for row in rows) == 1


def can_be_read(path):
    try:
        with Image.open(path) as image:
            image.load()
    except OSError:
        return False
    return True


def test_interrupted_sample_does_not_look_complete(tmp_path, monkeypatch):
    def fail(task):
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "render_file", fail)
    with pytest.raises(KeyboardInterrupt):
        write_sample(SMALL, tmp_path / "out", workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["out.partial"]
    monkeypatch.undo()
    write_sample(SMALL, tmp_path / "out", workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_existing_files_are_not_overwritten(tmp_path):
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(UserError, match="new or empty"):
        write_sample(SMALL, tmp_path)
    with pytest.raises(UserError, match="new or empty"):
        write_labels(SMALL, tmp_path / "mine")


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ({"labels": 0}, "--labels: .* received 0"),
        ({"photos": 19}, "--photos: .* received 19"),
        ({"layout": "zip"}, "--layout: .* received zip"),
        ({"longest_side": 299}, "--longest-side: .* received 299"),
        ({"longest_side": 2_001}, "--longest-side: .* received 2001"),
    ],
)
def test_settings_out_of_range_are_refused(setting, why):
    with pytest.raises(UserError, match=why):
        SampleSettings(**setting)


def test_command_writes_only_the_list(tmp_path):
    arguments = ["--labels", "40", "--photos", "2000", "--without-pixels"]
    assert command("--output", tmp_path / "out", *arguments) == 0
    lines = (tmp_path / "out" / "labels.csv").read_text().splitlines()
    assert lines[0] == "id,url,landmark_id"
    assert len(lines) == 2_001


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--labels", "9", "--photos", "8"], "--photos: expected at least 9, one per landmark, received 8"),
        (["--landmark-free", "--photos", "0"], "--photos: expected at least 1"),
        (["--layout", "zip"], "--layout: expected one of folders, csv, received 'zip'"),
    ],
)
def test_command_reports_a_mistake_in_one_line_and_exits_with_2(arguments, error, tmp_path, capsys):
    assert command("--output", tmp_path / "out", *arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {error}")


@pytest.mark.parametrize("arguments", [[], ["--output", "gs://bucket/photos"]])
def test_command_needs_a_directory_on_this_machine(arguments, capsys):
    assert command(*arguments) == 2
    assert "--output: expected a directory on this machine, received" in capsys.readouterr().err


def test_half_of_the_landmark_free_photos_show_a_building_of_their_own(tmp_path):
    with patch("landmark_sample.view._add_building", wraps=view._add_building) as added:
        settings = SampleSettings(photos=5, seed=1, longest_side=300, landmark_free=True)
        write_sample(settings, tmp_path / "out", workers=1)
    scenes = [call.args[1].landmark_id for call in added.call_args_list]
    assert len(set(scenes)) == 3
    by_kind = Counter(path.parent.name for path in (tmp_path / "out").rglob("*.jpg"))
    assert by_kind == {"buildings": 3, "surroundings": 2}
