"""A job of horovodrun that fails ends with one line: which rank, why, and how to resume."""

import io

import pytest

from landmark_lib.launch import RanksOutput, describe_failure, launch


def failure(rank, status):
    return (
        "Horovod detected that one or more processes exited with non-zero status, thus causing the job to be"
        f" terminated. The first process to do so was:\nProcess name: {rank}\nExit code: {status}\n"
    )


@pytest.mark.parametrize(
    ("message", "errors", "line", "status"),
    [
        (failure(1, 2), {0: "--models: no"}, "rank 0 failed: --models: no", 2),
        (failure(0, 1), {0: "full"}, "rank 0 failed: full; run the same command again to resume", 1),
        (
            failure(0, 1),
            {0: "stopped; run the same command again to resume"},
            "rank 0 failed: stopped; run the same command again to resume",
            1,
        ),
        # What the others report follows from the rank that was killed.
        (
            failure(1, 137),
            {0: "another rank died"},
            "rank 1 was ended by SIGKILL; run the same command again to resume",
            1,
        ),
        (failure(1, 143), {0: "full"}, "rank 0 failed: full; run the same command again to resume", 1),
        (
            failure(0, 3),
            {},
            "rank 0 ended with status 3, see its output; run the same command again to resume",
            1,
        ),
        ("could not connect to\nsome hosts", {}, "could not connect to some hosts", 1),
    ],
)
def test_a_failure_is_described_by_its_cause(message, errors, line, status):
    assert describe_failure(message, errors) == (line, status)


def test_the_last_error_of_each_rank_is_known_and_all_output_unchanged():
    stream = io.StringIO()
    lines = [
        "[0]<stderr>:error: first\n",
        "[0]<stderr>:error: second\n",
        "[0]<stderr>:2026-01-02 03:04:05 INFO an error: none\n",
        "[1]<stderr>:2026-01-02 03:04:05 ERROR rank 1: no rows\n",
        "[2]<stderr>:error: rank 2: full\n",
    ]
    output = RanksOutput(stream)
    for line in lines:
        output.write(line)
    output.flush()
    assert stream.getvalue() == "".join(lines)
    assert output.errors == {0: "second", 1: "no rows", 2: "full"}


def test_a_mistake_that_all_ranks_meet_is_shown_once():
    stream = io.StringIO()
    output = RanksOutput(stream)
    output.write("[1]<stderr>:error: rank 1: no such folder\n")
    output.write("[0]<stderr>:error: no such folder\n")
    assert stream.getvalue() == "[1]<stderr>:error: rank 1: no such folder\n"
    assert output.errors == {0: "no such folder", 1: "no such folder"}


def test_the_status_of_a_mistake_stays_2_without_a_traceback(capsys):
    def run():
        raise RuntimeError(failure(0, 2))

    assert launch(run) == 2
    assert capsys.readouterr().err == "horovodrun: rank 0 ended with status 2, see its output\n"


def test_an_interrupted_start_is_reported_in_one_line(capsys):
    def run():
        raise KeyboardInterrupt

    assert launch(run) == 1
    assert capsys.readouterr().err == "\nhorovodrun: interrupted\n"
    assert launch(lambda: None) == 0
