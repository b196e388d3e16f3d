"""What the surroundings of a process must not decide: its locale, its home, what is set for other programs.

Imports nothing but Python itself, as a job settles its surroundings before it does anything else.
"""

import logging
import os
import sys
import tempfile
from pathlib import Path


def settle() -> None:
    """Make this process independent of its surroundings; call it before an engine is imported.

    A process whose locale names another encoding than UTF-8 starts again with UTF-8, under the same process
    number: Python takes its encoding when it starts, and a path such as `photos/café` is found in one alone.
    """
    if sys.getfilesystemencoding() != "utf-8":
        os.environ["PYTHONUTF8"] = "1"  # for the processes that this one starts
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 - itself
    # What is set for other programs may name another engine, or a Keras that is not installed.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.pop("TF_USE_LEGACY_KERAS", None)
    if _has_no_home():  # Keras would make a folder that is called ~
        os.environ.setdefault("KERAS_HOME", str(Path(tempfile.gettempdir()) / ".keras"))
    # Where it cannot write to a home, it works all the same, and says at length how that could be faster.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def _has_no_home() -> bool:
    """Return whether the system knows no home of this user, as in many containers."""
    try:
        Path.home()
    except RuntimeError:
        return True
    return False
