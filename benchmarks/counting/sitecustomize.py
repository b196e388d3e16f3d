"""Count what a run does to its photos. Python imports this in every process with this folder in PYTHONPATH.

Each process appends to its own file in $COUNT_INTO, one line per event:

    open <path>              a file under $COUNT_SOURCE was opened
    decode <width> <height>  Pillow decoded an image to this size
"""

import os
import sys
from pathlib import Path
from typing import Any

from PIL import ImageFile

FOLDER, SOURCE = os.environ["COUNT_INTO"], os.environ["COUNT_SOURCE"] + "/"


def _note(event: str) -> None:
    # Spark forks its workers, so the process id is read each time. Without a buffer, a kill loses nothing.
    with (Path(FOLDER) / str(os.getpid())).open("a") as file:
        file.write(event + "\n")


def _count_opened(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        path = os.fsdecode(arguments[0])
        if path.startswith(SOURCE):
            _note(f"open {path}")


def _count_decoded() -> None:
    load = ImageFile.ImageFile.load

    def counted_load(self: ImageFile.ImageFile) -> Any:
        if self.tile:  # empty if the image is already decoded
            width, height = self.size
            _note(f"decode {width} {height}")
        return load(self)

    # The same function, with counting added.
    ImageFile.ImageFile.load = counted_load  # type: ignore[method-assign]


sys.addaudithook(_count_opened)
_count_decoded()
