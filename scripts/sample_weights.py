"""Train the weights that `--weights sample` names, and write them into landmark_sample/weights.

    python scripts/sample_weights.py [--work DIRECTORY]

Renders landmarks that the sample does not have (another seed), and trains MobileNetV3Small on them with the
project's own commands: from random weights on a few landmarks with many photos, from these on many landmarks.
Keeps the backbone of the best epoch in 16-bit floats. Takes about an hour on two cores.
"""

import argparse
import hashlib
import json
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import keras
import numpy as np
import tensorflow as tf

from landmark_lib.settings.train import SAMPLE_BACKBONE
from landmark_lib.storage import Place
from landmark_lib.training.history import read_history
from landmark_lib.training.model import BACKBONE, load_trained

SEED = 1000  # of the buildings and photos; the sample has 0
NETWORK = f"--backbone {SAMPLE_BACKBONE} --trainable-layers all --image-size 96 --member 0"
LEARNING = "--optimizer adam --random-flip --dropout 0.2 --batch-size 64"
# Photos, data set and training of each of the two rounds.
ROUNDS = (
    (
        "--labels 240 --photos 9000",
        "--cutoff 60",
        "--weights random --learning-rate 0.002 --epochs 24",
    ),
    (
        "--labels 800 --photos 16000",
        "--min-label-count 5 --target 24 --cutoff 40 --hold-out 1",
        "--learning-rate 0.001 --warmup-epochs 0 --epochs 4",
    ),
)
OUTPUT = Path("landmark_sample/weights")


def main() -> int:
    """Render, train and write; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--work", help="directory for photos, data sets and models; kept and reused")
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(parser.parse_args().work or scratch)
        began = time.monotonic()
        commands: list[str] = []
        weights = ""
        for number, (rendering, balancing, training) in enumerate(ROUNDS):
            photos, dataset, models = (work / f"{name}-{number}" for name in ("photos", "dataset", "models"))
            path = work / f"round-{number}.weights.h5"
            commands += [
                f"python -m landmark_sample --output {photos} {rendering} --longest-side 320 --seed {SEED}",
                (
                    f"spark-submit jobs/preprocess.py --input {photos} --output {dataset} --ensemble-size 1"
                    f" {balancing}"
                ),
                (
                    f"python jobs/train.py --dataset {dataset} --models {models} {NETWORK} {LEARNING}"
                    f" {training}{weights}"
                ),
            ]
            for command in commands[-3:]:
                if not ("landmark_sample" in command and photos.exists()):
                    print(f"$ {command}", flush=True)
                    subprocess.run(shlex.split(command), check=True)
            save(Place(str(models)) / "member-0", path)
            weights = f" --weights {path}"
        minutes = (time.monotonic() - began) / 60
        describe(
            Place(str(models)) / "member-0",
            path,
            [line.replace(f"{work}/", "") for line in commands],
            minutes,
        )
    return 0


def save(member: Place, path: Path) -> None:
    """Write the backbone of a member's best model in 16-bit floats; Keras reads them as it reads others."""
    load_trained(member / "best.keras").get_layer(BACKBONE).layer.save_weights(path)
    with h5py.File(path) as content:
        arrays: dict[str, np.ndarray] = {}
        content.visititems(
            lambda name, part: arrays.update({name: part[()]}) if isinstance(part, h5py.Dataset) else None
        )
    with h5py.File(path, "w") as content:
        for name, array in arrays.items():
            content[name] = array.astype(np.float16) if array.dtype == np.float32 else array


def describe(member: Place, path: Path, commands: list[str], minutes: float) -> None:
    """Copy the weights into the package, and write how they were made."""
    OUTPUT.mkdir(exist_ok=True)
    shutil.copyfile(path, OUTPUT / f"{SAMPLE_BACKBONE}.weights.h5")
    best = max(read_history(member), key=lambda result: result.validation_accuracy)
    described = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "commands": commands,
        "minutes": round(minutes),
        "validation_accuracy": round(best.validation_accuracy, 3),
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
        },
    }
    (OUTPUT / f"{SAMPLE_BACKBONE}.json").write_text(json.dumps(described, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
