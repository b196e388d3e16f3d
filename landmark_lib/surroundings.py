"""Makes a process independent of its environment: locale, home directory, variables of other programs.

Imports only the standard library, because a job calls `settle` before anything else.
"""

import logging
import os
import sys
import tempfile
from pathlib import Path

# Keras imports both where they are installed, for features that are not used here: a fifth of a job's start.
NOT_FOR_KERAS = ("sklearn", "matplotlib.pyplot")


class KerasAlone:
    """Finds nothing, and hides some packages from Keras while it is imported."""

    def find_spec(self, name: str, *_: object) -> None:
        """Return None, so that others find the module.

        Raises:
            ModuleNotFoundError: Keras is being imported and does without this one.
        """
        half_imported = "keras" in sys.modules and not hasattr(sys.modules["keras"], "Model")
        if half_imported and name in NOT_FOR_KERAS:
            raise ModuleNotFoundError(f"{name} is not for Keras", name=name)


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
    sys.meta_path.insert(0, KerasAlone())
    # Without a writable home it works, but logs long advice.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
