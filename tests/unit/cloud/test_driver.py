"""The driver deletes nothing without an answer."""

import io
import sys

import pytest

from landmark_lib.cloud.driver import Driver
from landmark_lib.cloud.memory import Memory
from landmark_lib.errors import LandmarkError, UserError


class Terminal(io.StringIO):
    def isatty(self):
        return True


def confirm(folder, *, yes=False):
    Driver(folder, Memory(), yes=yes)._confirm("Delete it?")


@pytest.mark.parametrize("typed", ["n\n", "\n", "what\nn\n"])
def test_only_a_yes_on_a_terminal_agrees(tmp_path, monkeypatch, typed):
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    with pytest.raises(LandmarkError, match="declined; nothing was changed"):
        confirm(tmp_path)
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    confirm(tmp_path)


def test_without_a_terminal_only_the_option_agrees(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(UserError, match=r"Delete it\? Nobody can answer here; --yes agrees"):
        confirm(tmp_path)
    confirm(tmp_path, yes=True)
