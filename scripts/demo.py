"""Run the whole path on rendered photos: photos -> shards -> three members -> votes.

Runs the commands that a user would type, and prints them. All output goes to data/demo.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from landmark_lib.dataset import REPORT, read_manifest
from landmark_lib.decoding import decode
from landmark_lib.digits import decimal, share
from landmark_lib.evaluation.checks import RESULTS
from landmark_lib.evaluation_results import ENSEMBLE, Evaluation
from landmark_lib.settings.train import SAMPLE_BACKBONE, SAMPLE_WEIGHTS

DEMO = Path("data/demo")
PHOTOS = DEMO / "photos"
NO_LANDMARK = DEMO / "no-landmark"
DATASET = DEMO / "dataset"
MODELS = DEMO / "models"
# More photos are held out than by default, for narrow intervals.
RENDERING = "--labels 30 --photos 1400 --longest-side 500"
PREPROCESSING = "--hold-out 5"
# Small images and heads alone, so that two cores suffice. The defaults of the jobs are the paper's sizes.
TRAINING = "--image-size 96 --trainable-layers 0 --cache-features --epochs 20"
FIND_WEIGHTS = (
    "from landmark_lib.training.backbone import load_backbone; load_backbone('ResNet50', 'imagenet', 96, 0)"
)
HALF = 0.5  # of the photos show no landmark, in one row of the evaluation


def main() -> int:
    """Run all steps; print what was done, how good it is, and what to open."""
    began = time.monotonic()
    shutil.rmtree(DEMO, ignore_errors=True)
    run(f"python -m landmark_sample --output {PHOTOS} {RENDERING}")
    run(f"python -m landmark_sample --output {NO_LANDMARK} --landmark-free --photos 150 --longest-side 500")
    run(f"spark-submit jobs/preprocess.py --input {PHOTOS} --output {DATASET} {PREPROCESSING}")
    weights, network = choose_weights()
    run(f"horovodrun -np 2 python jobs/train.py --dataset {DATASET} --models {MODELS} {TRAINING} {weights}")
    run(f"python jobs/evaluate.py --dataset {DATASET} --models {MODELS} --no-landmark {NO_LANDMARK}")
    print(f"\n=== Done in {time.monotonic() - began:.0f} s ===\n\n{summary(network)}")
    return 0


def choose_weights() -> tuple[str, str]:
    """Return options for the best available weights, and what they are."""
    file = os.environ.get("LANDMARK_REAL_WEIGHTS")
    if file:
        return f"--weights {shlex.quote(file)}", f"ResNet50 from {file}"
    found = subprocess.run([sys.executable, "-c", FIND_WEIGHTS], capture_output=True, check=False)
    if found.returncode == 0:
        return "--weights imagenet", "ResNet50 from ImageNet weights"
    print("\nImageNet weights cannot be downloaded: using those of the sample.", flush=True)
    return (
        f"--backbone {SAMPLE_BACKBONE} --weights {SAMPLE_WEIGHTS}",
        f"{SAMPLE_BACKBONE} from weights learned on other landmarks (ImageNet's cannot be downloaded)",
    )


def summary(network: str) -> str:
    """Return what was done, how good it is, and which pages to open."""
    manifest = read_manifest(str(DATASET))
    evaluation = decode(Evaluation, (MODELS / RESULTS).read_bytes())
    vote = next(result for result in evaluation.voters if result.voter == ENSEMBLE)
    held_out, right, chance = evaluation.photos, vote.top_1, decimal(evaluation.chance)
    lines = [
        f"Photos   {manifest.photos['listed']:,}; {sum(manifest.rejected.values())} of them rejected",
        f"Classes  {evaluation.classes} landmarks with at least 10 photos; {held_out} photos held out",
        f"Members  {manifest.members}, each trained by 2 ranks",
        f"         {network}",
        f"Vote     {right} of the held-out photos right [95 % interval]; chance {chance}",
    ]
    lines += [
        f"Reject   if {share(at.share)} of the photos show no landmark: GAP"
        f" {decimal(at.rejecting.value)} with rejection, {decimal(at.plain.value)} without"
        for at in (evaluation.rejection.shares if evaluation.rejection else ())
        if at.share == HALF
    ]
    return "\n".join(
        [
            *lines,
            f"\nOpen     {MODELS / REPORT}   (scores, photos right and wrong)",
            f"         {DATASET / REPORT}   (the data set)",
            "Next     your own photos: README.md",
        ]
    )


def run(command: str) -> None:
    """Print and run a command. Exit if it fails."""
    print(f"\n$ {command}", flush=True)
    status = subprocess.run(shlex.split(command), check=False).returncode
    if status:
        sys.exit(f"demo: the command above ended with status {status}")


if __name__ == "__main__":
    sys.exit(main())
