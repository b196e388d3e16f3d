"""horovodrun that is asked to stop gives its ranks time, and returns with their status."""

import os
import signal
import subprocess
import sys

import pytest
from commands import REPOSITORY
from waiting import wait_until

RANK = """
import signal, sys
def end(*_):
    print("checkpoint written", flush=True)
    sys.exit(1)
signal.signal(signal.SIGTERM, signal.SIG_IGN if sys.argv[1] == "deaf" else end)
print("training", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.parametrize(
    ("rank", "seconds", "written", "why"),
    [
        ("willing", "200", True, "ended with status 1"),
        ("deaf", "0.1", False, "was ended by SIGKILL"),
    ],
)
def test_ranks_have_the_seconds_that_a_node_gives_them(tmp_path, rank, seconds, written, why):
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "LANDMARK_STOP_SECONDS": seconds}
    command = [sys.executable, "-m", "landmark_lib.horovodrun", "-np", "1", sys.executable, "-c"]
    log = tmp_path / "log"
    with (
        log.open("w") as out,
        subprocess.Popen(
            [*command, RANK, rank], env=environment, cwd=REPOSITORY, stdout=out, stderr=out
        ) as process,
    ):
        wait_until(lambda: "training" in log.read_text())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=100) == 1
    assert ("checkpoint written" in log.read_text()) is written
    assert f"horovodrun: rank 0 {why}" in log.read_text()
