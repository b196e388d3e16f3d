"""Run the whole path on the embedded sample: photos -> shards -> three members -> votes.

Runs the commands that a user would type, and prints them. All output goes to data/demo.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from landmark_lib.dataset import read_manifest
from landmark_lib.evaluation.checks import RESULTS
from landmark_lib.preprocess.summary import describe

DEMO = Path("data/demo")
SAMPLE = DEMO / "photos"
NO_LANDMARK = DEMO / "no-landmark"
DATASET = DEMO / "dataset"
MODELS = DEMO / "models"
# Small images and few epochs, so that two cores suffice. The defaults of the jobs are the paper's sizes.
TRAINING = "--image-size 64 --trainable-layers 0 --epochs 5"
RANDOM = "--weights random --learning-rate 0.001"
FIND_WEIGHTS = (
    "from landmark_lib.training.backbone import load_backbone; load_backbone('ResNet50', 'imagenet', 64, 0)"
)


def main() -> int:
    """Run all steps and print where the outputs are."""
    began = time.monotonic()
    shutil.rmtree(DEMO, ignore_errors=True)
    run(f"python -m landmark_sample --output {SAMPLE}")
    run(f"python -m landmark_sample --output {NO_LANDMARK} --landmark-free --photos 100 --longest-side 500")
    run(f"spark-submit jobs/preprocess.py --input {SAMPLE} --output {DATASET}")
    weights, remark = choose_weights()
    run(f"horovodrun -np 2 python jobs/train.py --dataset {DATASET} --models {MODELS} {TRAINING} {weights}")
    scores = run(f"python jobs/evaluate.py --dataset {DATASET} --models {MODELS} --no-landmark {NO_LANDMARK}")

    print("\n=== What came out ===\n")
    manifest = read_manifest(str(DATASET))
    print(f"{describe(manifest)}\n\n{scores}")
    print(f"{remark}\n")
    print(f"Photos:   {SAMPLE}\nData set: {DATASET} ({len(manifest.files)} files)")
    print(f"Models:   {MODELS}\nScores:   {MODELS / RESULTS}")
    print(f"Done in {time.monotonic() - began:.0f} s")
    return 0


def choose_weights() -> tuple[str, str]:
    """Return options for the best available weights, and a line about them for the summary."""
    file = os.environ.get("LANDMARK_REAL_WEIGHTS")
    if file:
        return f"--weights {shlex.quote(file)}", f"The members started from the weights in {file}."
    found = subprocess.run([sys.executable, "-c", FIND_WEIGHTS], capture_output=True, check=False)
    if found.returncode == 0:
        return "--weights imagenet", "The members started from ImageNet weights."
    print("ImageNet weights could not be downloaded: continuing with random ones.", flush=True)
    return RANDOM, (
        "The members started from RANDOM weights, because ImageNet's could not be downloaded: expect accuracy"
        " at the level of chance."
    )


def run(command: str) -> str:
    """Print and run a command, and return its standard output. Exit if it fails."""
    print(f"\n$ {command}", flush=True)
    lines = []
    with subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode:
        sys.exit(f"demo: the command above ended with status {process.returncode}")
    return "".join(lines)


if __name__ == "__main__":
    sys.exit(main())
