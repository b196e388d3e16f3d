"""horovodrun that needs no writable home and no fast disk, and reports a failed job in one line.

`landmark train --ranks` runs this, and so does `horovodrun` in the environment of a checkout.
"""

import os
import sys
import time
from contextlib import suppress

import psutil
from horovod.runner.common.util import safe_shell_exec

from landmark_lib.launch import launch
from landmark_lib.surroundings import settle

STOP_SECONDS = "LANDMARK_STOP_SECONDS"


def end_rank(shell: int) -> None:
    """Send SIGTERM to a rank, and SIGKILL after some seconds, five by default.

    This runs in a thread of a process that ends with the rank's shell. Horovod's own function stops the shell
    when the rank ends or after five seconds, so that the shell cannot return the rank's status.

    Args:
        shell: Process id of the shell that started the rank, or of the rank in its place.
    """
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(shell)
        for process in parent.children() or [parent]:
            process.terminate()
        time.sleep(float(os.environ.get(STOP_SECONDS, safe_shell_exec.GRACEFUL_TERMINATION_TIME_S)))
        for process in [*parent.children(recursive=True), parent]:
            process.kill()


# Here, because Horovod's processes that end ranks load this module, too.
safe_shell_exec.terminate_executor_shell_and_children = end_rank


def main() -> None:
    """Run horovodrun with this process's command line."""
    settle()
    # Seconds for other hosts to start: they load TensorFlow from their disks. Horovod's default is 30.
    os.environ.setdefault("HOROVOD_START_TIMEOUT", "600")
    # The cache in the home directory holds what hosts answered within the last hour, which may be outdated.
    sys.argv.insert(1, "--disable-cache")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # without a banner of each rank
    from horovod.runner import launch as horovod

    # Its own loads TensorFlow twice, for up to ten seconds, to find that Horovod was built with Gloo.
    horovod.run_controller = lambda _, run_with_gloo, *_others: run_with_gloo()
    sys.exit(launch(horovod.run_commandline))


if __name__ == "__main__":  # not in the processes that Horovod starts from this file
    main()
