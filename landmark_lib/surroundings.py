"""Makes a process independent of its environment: locale, home directory, variables of other programs.

Imports only the standard library, because a job calls `settle` before anything else.
"""

import gc
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Keras imports both where they are installed, for features that are not used here.
NOT_FOR_KERAS = ("sklearn", "matplotlib.pyplot")


def settle() -> None:
    """Make this process independent of its environment; call it before any engine is imported.

    If the locale's encoding is not UTF-8, the process restarts itself with UTF-8, under the same process id:
    Python chooses its encoding at start, and a path such as `photos/café` exists in only one encoding.
    """
    if sys.getfilesystemencoding() != "utf-8":
        os.environ["PYTHONUTF8"] = "1"  # for child processes
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 - itself
    # Other programs may need another backend, or a Keras that is not installed here.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.pop("TF_USE_LEGACY_KERAS", None)
    try:
        Path.home()
    except RuntimeError:  # as in many containers; Keras would make a folder named ~
        os.environ.setdefault("KERAS_HOME", str(Path(tempfile.gettempdir()) / ".keras"))
    # Without a writable home it works, but logs long advice.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)


@contextmanager
def quick_import() -> Iterator[None]:
    """Import TensorFlow and Keras inside this block, in two thirds of the time.

    Keras does without packages that no job uses. Python does not look for garbage, of which imports leave
    none, nor later through what was imported. Where Keras is imported already, nothing changes.
    """
    if "keras" in sys.modules:
        yield
        return
    hidden = [name for name in NOT_FOR_KERAS if name not in sys.modules]
    for name in hidden:  # None, which makes an import fail, is unknown to the types of sys.modules
        sys.modules[name] = None  # type: ignore[assignment]
    gc.disable()
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
        gc.freeze()
        gc.enable()
