"""What computing features once brings where no layer is free: an epoch on them against one on images.

    python benchmarks/cache.py [--write] [--runs 5]

ResNet50 at 224 pixels. Each run trains both ways from nothing, for two epochs on images and for six on
features, as the job does it. The pass over the training rows in which a job ends, for its class means,
reads features that are there and has images decoded once more; it is left out of the first epoch's time, so
that this compares epochs. Ends with status 1 if a goal is missed.
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
# The last line of that pass: minutes and seconds.
CLASS_MEANS = re.compile(rf"class means: {ROWS}/{ROWS} images in (\d+):(\d+),")


def main() -> int:
    """Measure and print; give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    parser.add_argument("--runs", type=int, default=5, help="runs of each; medians count")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        write_shard_set(f"{scratch}/dataset", ROWS, validation=32)
        runs = [compare(Path(scratch), number) for number in range(arguments.runs)]
    slow, fast, images, features = (Column(column) for column in zip(*runs, strict=True))
    faster, longer = features.over(images), fast.over(slow)
    missed = [f"{faster} times faster, not {FASTER:.0f}"] if faster.value < FASTER else []
    missed += [f"the first epoch takes {longer} times as long, not {FIRST}"] if longer.value > FIRST else []
    header = ["what", "on images", "on features", "features / images (least to most of a run)"]
    rows = [
        ["an epoch, images/s", str(images), str(features), str(faster)],
        ["job of one epoch without class means, seconds", str(slow), str(fast), str(longer)],
    ]
    table = f"ResNet50, {ROWS} rows of 224 x 224, nothing free:\n\n{markdown_table(header, rows)}"
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
    """Train, going on where a training before has ended; give the seconds without class means."""
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
    """Give the images per second of the epochs from the second one on."""
    lines = (models / "member-0" / "history.jsonl").read_text().splitlines()[1:]
    return median(json.loads(line)["images_per_second"] for line in lines)


if __name__ == "__main__":
    sys.exit(main())
