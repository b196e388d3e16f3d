"""What predictions show harms no terminal, and whoever stops reading it loses no file."""

import numpy as np
from PIL import Image

from landmark_lib.command_line import exit_status
from landmark_lib.jobs.predict import predict
from landmark_lib.settings import PredictSettings

NAMES = ["\x1b[2J", "\x1b]0;owned\x07", "a\rb", "a\nerror: fake", "\u202egnp", "\x9b1A"]


def test_photos_of_any_name_are_described_line_by_line(models, tmp_path, capsys):
    for name in NAMES:
        Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "no\x1b[2Jphoto").write_text("text")
    options = ["--input", str(tmp_path), "--models", str(models), "--output", str(tmp_path / "out\x1b[2J")]
    assert exit_status(PredictSettings, predict, options) == 0
    out, err = capsys.readouterr()
    lines = (out + err).removesuffix("\n").split("\n")
    assert [line for line in lines if not line.isprintable()] == []
    firsts = {line.partition(".png: ")[0] for line in lines if "of 3 members" in line}
    assert firsts == {r"\x1b[2J", r"\x1b]0;owned\x07", r"a\rb", r"a\nerror: fake", r"\u202egnp", r"\x9b1A"}
