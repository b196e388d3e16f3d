"""horovodrun without two of its assumptions: that the home directory can be written, and that disks are fast.

`landmark train --ranks` runs this, and so does `horovodrun` in the environment of a checkout.
"""

import os
import sys

from landmark_lib.surroundings import settle


def main() -> None:
    """Run horovodrun with this process's command line."""
    settle()
    # Seconds for other hosts to start: they load TensorFlow from their disks. Horovod's default is 30.
    os.environ.setdefault("HOROVOD_START_TIMEOUT", "600")
    # The cache in the home directory holds what hosts answered within the last hour, which may be outdated.
    sys.argv.insert(1, "--disable-cache")
    from horovod.runner.launch import run_commandline

    try:
        run_commandline()
    except RuntimeError as error:  # a rank or a host failed, and has printed why
        sys.exit(f"horovodrun: {' '.join(str(error).split())}")


if __name__ == "__main__":  # not in the processes that Horovod starts from this file
    main()
