"""The log is plain on a terminal, has time, level and rank in a file, and escapes control characters."""

import logging
import re

import pytest

from landmark_lib.command_line import exit_status
from landmark_lib.logs import ANY_RANK, LOGGER, start_logging
from landmark_lib.settings import EvaluateSettings

logger = logging.getLogger("landmark_lib.test")


def test_plain_lines_state_the_level_of_warnings_and_errors(capsys):
    start_logging()
    logger.debug("detail")
    logger.info("epoch 1\nepoch 2")
    logger.warning("slow")
    logger.error("broken")
    assert capsys.readouterr() == ("", "epoch 1\nepoch 2\nwarning: slow\nerror: broken\n")


@pytest.mark.parametrize(
    ("ranks", "line"), [("1", "INFO epoch 1"), ("2", "INFO rank 0: epoch 1")], ids=["alone", "of two"]
)
def test_lines_in_a_file_begin_with_time_level_and_rank(ranks, line, monkeypatch, capsys):
    monkeypatch.setenv("HOROVOD_SIZE", ranks)
    monkeypatch.setenv("HOROVOD_RANK", "0")
    start_logging(plain=False)
    logger.info("epoch 1")
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d {line}\n", capsys.readouterr().err)


def test_rank_0_logs_for_all_and_other_ranks_only_about_themselves(monkeypatch, capsys):
    monkeypatch.setenv("HOROVOD_RANK", "1")
    monkeypatch.setenv("HOROVOD_SIZE", "2")
    start_logging()
    logger.warning("seen by all")
    logger.warning("slow", extra=ANY_RANK)
    assert capsys.readouterr().err == "warning: rank 1: slow\n"
    LOGGER.setLevel(logging.DEBUG)
    logger.debug("detail")
    assert capsys.readouterr().err == "detail\n"


def test_control_characters_are_escaped_and_a_warning_stays_in_its_line(capsys):
    start_logging()
    logger.info("\x1b[2J\n\x07")
    logger.warning("a\nerror: b")
    assert capsys.readouterr().err == "\\x1b[2J\n\\x07\nwarning: a\\nerror: b\n"


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ([], ["progress", "warning: slow"]),
        (["--quiet"], ["warning: slow"]),
        (["-q"], ["warning: slow"]),
        (["--verbose"], ["detail", "progress", "warning: slow"]),
        (["-v"], ["detail", "progress", "warning: slow"]),
    ],
)
def test_quiet_and_verbose_set_what_is_logged(arguments, lines, capsys):
    def job(_):
        """Log."""
        logger.debug("detail")
        logger.info("progress")
        logger.warning("slow")

    assert exit_status(EvaluateSettings, job, arguments) == 0
    assert capsys.readouterr().err.splitlines() == lines
