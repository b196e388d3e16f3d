"""Counts what a run does to its photos: Python imports this in every process whose path names the folder.

Each process appends to a file of its own in $COUNT_INTO, one line an event:

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
    # Spark forks its workers, so the process is asked for each time; no buffer is lost when it is killed.
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
        if self.tile:  # an image already decoded has none left
            width, height = self.size
            _note(f"decode {width} {height}")
        return load(self)

    # Counting is all that is added.
    ImageFile.ImageFile.load = counted_load  # type: ignore[method-assign]


sys.addaudithook(_count_opened)
_count_decoded()
