"""The statistics of an evaluation, without its networks: time and memory at the paper's number of classes.

    python benchmarks/evaluation_scale.py [--write]

Synthetic predictions of three members and of their mean softmax for 120,000 photos of 15,000 classes.
Measures the vote, then all figures with 1,000 resamples, in a separate process. Exit status 1 if a goal is
missed.
"""

import json
import resource
import subprocess
import sys
import time

import click
import numpy as np
from numpy.typing import NDArray
from results import markdown_table, publish

from landmark_lib.evaluation.measure import Voter, measure
from landmark_lib.evaluation_results import ENSEMBLE, MEAN_SOFTMAX
from landmark_lib.hold_out import HoldOut
from landmark_lib.method.calibration import TEMPERATURES
from landmark_lib.method.vote import rank_classes, vote
from landmark_lib.predictions import Predictions

PHOTOS, CLASSES, MEMBERS, LABELS, RESAMPLES = 160_000, 81_313, 3, 5, 1_000
MAX_SECONDS, MAX_MB = 120, 2_000
KIB_PER_MB = 1e6 / 1024
STEPS = {"vote": "vote (s)", "rank": "rank of 5 labels (s)", "measure": "figures (s)"}
HEADER = ["photos", "classes", "members", "resamples", *STEPS.values(), "total (s)", "peak (MB)"]


@click.command()
@click.option("--write", is_flag=True, help="Write the table to RESULTS.md.")
@click.option("--once", is_flag=True, hidden=True)
def main(*, write: bool, once: bool) -> None:
    """Measure the time and memory of an evaluation's statistics."""
    if once:
        print(json.dumps(run_once()))
        return
    done = subprocess.run([sys.executable, __file__, "--once"], check=True, capture_output=True, text=True)
    seconds = json.loads(done.stdout)
    # The only child process. Its peak includes that of this process, which holds no array.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / KIB_PER_MB
    together = sum(seconds.values())
    row = [
        *(f"{count:,}" for count in (PHOTOS, CLASSES, MEMBERS, RESAMPLES)),
        *(f"{seconds[step]:.1f}" for step in STEPS),
        f"{together:.1f}",
        f"{peak:.0f}",
    ]
    publish("evaluation_scale", markdown_table(HEADER, [row]), write=write)
    sys.exit(together > MAX_SECONDS or peak > MAX_MB)


def run_once() -> dict[str, float]:
    """Make up predictions, then vote and measure; return the seconds of each step."""
    chance = np.random.default_rng(0)
    truth = np.arange(PHOTOS) % CLASSES
    members = [_made_up(f"member-{number}", truth, chance) for number in range(MEMBERS)]
    mean_softmax = _made_up(MEAN_SOFTMAX, truth, chance)
    classes = np.stack([member.predictions.classes for member in members])
    confidences = np.stack([member.predictions.scores for member in members])
    image_ids = [f"{number:016x}" for number in chance.permutation(PHOTOS)]
    label_counts = (chance.pareto(1, CLASSES) * 10).astype(np.int64) + 10
    hold_out = HoldOut("made up", "none", image_ids, truth, label_counts)

    begin = time.perf_counter()
    votes = vote(classes[:, :, 0], confidences[:, :, 0])
    voted = time.perf_counter()
    ranked_classes = rank_classes(classes, confidences)
    ensemble = Voter(ENSEMBLE, "none", Predictions(ranked_classes, votes.scores[:, np.newaxis]))
    ranked = time.perf_counter()
    measure(hold_out, members, ensemble, mean_softmax, resamples=RESAMPLES)
    measured = time.perf_counter()
    return {"vote": voted - begin, "rank": ranked - voted, "measure": measured - ranked}


def _made_up(name: str, truth: NDArray[np.int64], chance: np.random.Generator) -> Voter:
    """Make up predictions that hold the true class at any rank or not at all."""
    # Gaps of at least 1 keep the classes of a photo distinct; rank k stands for a truth not predicted.
    offsets = chance.integers(1, CLASSES // LABELS, (PHOTOS, LABELS)).cumsum(axis=1)
    classes = (truth[:, np.newaxis] + offsets) % CLASSES
    place = chance.choice(LABELS + 1, PHOTOS, p=[0.5, 0.1, 0.1, 0.05, 0.05, 0.2])
    answered = np.flatnonzero(place < LABELS)
    classes[answered, place[answered]] = truth[answered]
    shares = chance.dirichlet(np.full(LABELS + 1, 0.5), PHOTOS) + 1e-6
    softmax = shares / shares.sum(axis=1, keepdims=True)
    sure = -np.sort(-softmax[:, :LABELS], axis=1)
    # The softmax of each class that was not predicted; logits are the logarithms of a softmax.
    others = softmax[:, LABELS] / (CLASSES - LABELS)
    log_sums = [
        np.log((sure ** (1 / heat)).sum(axis=1) + (CLASSES - LABELS) * others ** (1 / heat))
        for heat in TEMPERATURES
    ]
    true_softmax = others.copy()
    true_softmax[answered] = sure[answered, place[answered]]
    logits = np.stack(log_sums, axis=1), np.log(true_softmax)
    return Voter(name, "none", Predictions(classes, sure), *logits)


if __name__ == "__main__":
    main()
