"""Train the weights that `--weights sample` names, and write them into landmark_sample/weights.

    python scripts/sample_weights.py [--work DIRECTORY]

Renders landmarks that the sample does not have (another seed), trains MobileNetV3Small on them from random
weights with the project's own commands, and keeps the backbone of the best epoch in 16-bit floats.
Takes about half an hour on two cores.
"""

import argparse
import hashlib
import json
import platform
import shlex
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
RENDER = f"--labels 240 --photos 9000 --longest-side 320 --seed {SEED}"
PREPROCESS = "--ensemble-size 1 --cutoff 60"
TRAIN = (
    f"--backbone {SAMPLE_BACKBONE} --weights random --trainable-layers all --image-size 96 --optimizer adam"
    " --learning-rate 0.002 --random-flip --dropout 0.2 --batch-size 64 --epochs 24"
)
OUTPUT = Path("landmark_sample/weights")


def main() -> int:
    """Render, train and write; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--work", help="directory for photos, data set and model; kept and reused")
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(parser.parse_args().work or scratch)
        photos, dataset, models = work / "photos", work / "dataset", work / "models"
        commands = [
            f"python -m landmark_sample --output {photos} {RENDER}",
            f"spark-submit jobs/preprocess.py --input {photos} --output {dataset} {PREPROCESS}",
            f"python jobs/train.py --dataset {dataset} --models {models} --member 0 {TRAIN}",
        ]
        began = time.monotonic()
        for command in commands:
            if not (command == commands[0] and photos.exists()):
                print(f"$ {command}", flush=True)
                subprocess.run(shlex.split(command), check=True)
        minutes = (time.monotonic() - began) / 60
        write(Place(str(models)) / "member-0", [line.replace(f"{work}/", "") for line in commands], minutes)
    return 0


def write(member: Place, commands: list[str], minutes: float) -> None:
    """Write the backbone of a member's best model, and how it was made."""
    OUTPUT.mkdir(exist_ok=True)
    path = OUTPUT / f"{SAMPLE_BACKBONE}.weights.h5"
    load_trained(member / "best.keras").get_layer(BACKBONE).layer.save_weights(path)
    halve(path)
    history = read_history(member)
    best = max(history, key=lambda result: result.validation_accuracy)
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
    path.with_name(f"{SAMPLE_BACKBONE}.json").write_text(json.dumps(described, indent=2) + "\n")


def halve(path: Path) -> None:
    """Replace the 32-bit floats of a weights file by 16-bit floats; Keras reads either."""
    with h5py.File(path) as content:
        arrays: dict[str, np.ndarray] = {}
        content.visititems(
            lambda name, part: arrays.update({name: part[()]}) if isinstance(part, h5py.Dataset) else None
        )
    with h5py.File(path, "w") as content:
        for name, array in arrays.items():
            content[name] = array.astype(np.float16) if array.dtype == np.float32 else array


if __name__ == "__main__":
    sys.exit(main())
