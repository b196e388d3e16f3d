"""img2dataset's resizer, which benchmarks/resize.py runs in a separate environment.

Reads lines from standard input: a folder of photos and a folder for results (or "-" to keep none). Prints for
each line the CPU seconds that its Resizer took for all photos of the folder.
"""

import io
import sys
import time
from pathlib import Path

from img2dataset.resizer import Resizer


def main() -> None:
    """Process lines until the input ends."""
    resizer = Resizer(250, "center_crop", resize_only_if_bigger=False, encode_quality=95)
    for line in sys.stdin:
        source, results = line.rstrip("\n").split("\t")
        photos = {path.name: path.read_bytes() for path in sorted(Path(source).iterdir())}
        begin = time.process_time()
        squares = {name: resizer(io.BytesIO(content))[0] for name, content in photos.items()}
        seconds = time.process_time() - begin
        if results != "-":
            for name, square in squares.items():
                Path(results, name).write_bytes(square)
        print(seconds, flush=True)


if __name__ == "__main__":
    main()
