"""Epochs on cached features compared with epochs on images, by the number of trained layers.

    python benchmarks/cache.py [--write] [--runs 5] [--layers 0 3 10 12]

ResNet50 at 224 pixels. Each run trains both ways from scratch, two epochs on images and six on features, with
the job itself. A job ends with a pass over the training rows for the class means, which reads cached features
but decodes images again. Its time is subtracted from the first epoch, so that epochs are compared. Exit
status 1 if a goal is missed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from results import Column, goals, markdown_table, publish
from shard_sets import write_shard_set

BIN = Path(sys.executable).parent
TRAIN = Path(__file__).parents[1] / "jobs" / "train.py"
ROWS = 256
FASTER = {0: 50.0, 3: 6.0, 10: 2.1, 12: 1.75}  # by trained layers
FIRST = 1.1  # of a frozen backbone; with trained layers, the first epoch also trains on what it stores
# The last line of the pass for the class means: minutes and seconds.
CLASS_MEANS = re.compile(rf"class means: {ROWS}/{ROWS} images in (\d+):(\d+),")


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    parser.add_argument("--runs", type=int, default=5, help="runs of each; the median is reported")
    parser.add_argument("--layers", type=int, nargs="+", default=list(FASTER), choices=FASTER)
    arguments = parser.parse_args()
    rows: list[list[str]] = []
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        write_shard_set(f"{scratch}/dataset", ROWS, validation=32)
        for layers in arguments.layers:
            runs = [compare(Path(scratch), layers, number) for number in range(arguments.runs)]
            slow, fast, images, features = (Column(column) for column in zip(*runs, strict=True))
            faster, longer = features.over(images), fast.over(slow)
            if faster.value < FASTER[layers]:
                missed.append(f"{layers} layers: {faster} times as fast, not {FASTER[layers]}")
            if not layers and longer.value > FIRST:
                missed.append(f"the first epoch takes {longer} times as long, not {FIRST}")
            rows += [
                [f"{layers} layers: an epoch, images/s", str(images), str(features), str(faster)],
                [f"{layers} layers: job of one epoch, seconds", str(slow), str(fast), str(longer)],
            ]
    header = ["what", "on images", "on features", "features / images (range over runs)"]
    table = f"ResNet50, {ROWS} rows of 224 x 224, class means excluded:\n\n{markdown_table(header, rows)}"
    publish("cache", f"{table}\n\n{goals(missed)}", write=arguments.write)
    return int(bool(missed))


def compare(scratch: Path, layers: int, number: int) -> tuple[float, float, float, float]:
    """Train both ways; return the seconds of both jobs of one epoch, and the images per second of both."""
    on_images, on_features = scratch / f"images-{layers}-{number}", scratch / f"features-{layers}-{number}"
    options = ("--trainable-layers", str(layers))
    slow = train(scratch, on_images, *options, epochs=1)
    fast = train(scratch, on_features, *options, "--cache-features", epochs=1)
    train(scratch, on_images, *options, epochs=2)
    train(scratch, on_features, *options, "--cache-features", epochs=6)
    return slow, fast, last_speeds(on_images), last_speeds(on_features)


def train(scratch: Path, models: Path, *options: str, epochs: int) -> float:
    """Train, resuming where the previous training ended; return the seconds, class means excluded."""
    command = [
        *(BIN / "python", TRAIN, "--dataset", scratch / "dataset", "--models", models, "--member", "0"),
        *("--weights", "random", "--learning-rate", "1e-4"),
        *("--epochs", str(epochs), *options),
    ]
    begin = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ))
    seconds = time.perf_counter() - begin
    *_, (minutes, left) = CLASS_MEANS.findall(done.stdout + done.stderr)
    return seconds - 60 * int(minutes) - int(left)


def last_speeds(models: Path) -> float:
    """Return the median images per second of all epochs but the first."""
    lines = (models / "member-0" / "history.jsonl").read_text().splitlines()[1:]
    return median(json.loads(line)["images_per_second"] for line in lines)


if __name__ == "__main__":
    sys.exit(main())
