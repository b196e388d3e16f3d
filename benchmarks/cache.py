"""Epochs on cached features compared with epochs on images, with a frozen backbone.

    python benchmarks/cache.py [--write] [--runs 5]

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
ROWS = 512
FASTER, FIRST = 50.0, 1.1
# The last line of the pass for the class means: minutes and seconds.
CLASS_MEANS = re.compile(rf"class means: {ROWS}/{ROWS} images in (\d+):(\d+),")


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    parser.add_argument("--runs", type=int, default=5, help="runs of each; the median is reported")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        write_shard_set(f"{scratch}/dataset", ROWS, validation=32)
        runs = [compare(Path(scratch), number) for number in range(arguments.runs)]
    slow, fast, images, features = (Column(column) for column in zip(*runs, strict=True))
    faster, longer = features.over(images), fast.over(slow)
    missed = [f"{faster} times as fast, not {FASTER:.0f}"] if faster.value < FASTER else []
    missed += [f"the first epoch takes {longer} times as long, not {FIRST}"] if longer.value > FIRST else []
    header = ["what", "on images", "on features", "features / images (range over runs)"]
    rows = [
        ["an epoch, images/s", str(images), str(features), str(faster)],
        ["job of one epoch, class means excluded, seconds", str(slow), str(fast), str(longer)],
    ]
    table = f"ResNet50, {ROWS} rows of 224 x 224, frozen backbone:\n\n{markdown_table(header, rows)}"
    publish("cache", f"{table}\n\n{goals(missed)}", write=arguments.write)
    return int(bool(missed))


def compare(scratch: Path, number: int) -> tuple[float, float, float, float]:
    """Train both ways; return the seconds of both jobs of one epoch, and the images per second of both."""
    on_images, on_features = scratch / f"images-{number}", scratch / f"features-{number}"
    slow = train(scratch, on_images, epochs=1)
    fast = train(scratch, on_features, "--cache-features", epochs=1)
    train(scratch, on_images, epochs=2)
    train(scratch, on_features, "--cache-features", epochs=6)
    return slow, fast, last_speeds(on_images), last_speeds(on_features)


def train(scratch: Path, models: Path, *options: str, epochs: int) -> float:
    """Train, resuming where the previous training ended; return the seconds, class means excluded."""
    command = [
        *(BIN / "python", TRAIN, "--dataset", scratch / "dataset", "--models", models, "--member", "0"),
        *("--weights", "random", "--trainable-layers", "0", "--learning-rate", "1e-4"),
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
