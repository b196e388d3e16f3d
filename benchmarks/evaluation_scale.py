"""The statistics of an evaluation, without its networks: time and memory by the number of classes.

    python benchmarks/evaluation_scale.py [--write] [--resamples 1000]

Synthetic predictions of three members and of their mean softmax: 120,000 photos of the paper's 15,000
classes, and 160,000 photos of the 81,313 classes of Google Landmarks v2. Measures the vote, then all figures,
each size in a separate process. Exit status 1 if a goal is missed.
"""

import json
import resource
import subprocess
import sys
import time

import click
import numpy as np
from numpy.typing import NDArray
from results import goals, markdown_table, publish

from landmark_lib.evaluation.measure import Voter, measure
from landmark_lib.evaluation_results import ENSEMBLE, MEAN_SOFTMAX
from landmark_lib.hold_out import HoldOut
from landmark_lib.method.calibration import TEMPERATURES
from landmark_lib.method.vote import rank_classes, vote
from landmark_lib.predictions import Predictions

MEMBERS, LABELS = 3, 5
MAX_SECONDS = {(120_000, 15_000): 120, (160_000, 81_313): 300}  # by photos and classes
MAX_MB = 2_000
KIB_PER_MB = 1e6 / 1024
STEPS = {"vote": "vote (s)", "rank": "rank of 5 labels (s)", "measure": "figures (s)"}
HEADER = ["photos", "classes", "members", "resamples", *STEPS.values(), "total (s)", "peak (MB)"]


@click.command()
@click.option("--write", is_flag=True, help="Write the table to RESULTS.md.")
@click.option("--resamples", default=1_000, help="Resamples of the bootstrap.")
@click.option("--once", nargs=2, type=int, hidden=True)
def main(*, write: bool, resamples: int, once: tuple[int, int] | None) -> None:
    """Measure the time and memory of an evaluation's statistics."""
    if once:
        print(json.dumps(run_once(*once, resamples)))
        return
    rows, missed = [], []
    for (photos, classes), max_seconds in MAX_SECONDS.items():
        size = ["--once", str(photos), str(classes), "--resamples", str(resamples)]
        command = [sys.executable, __file__, *size]
        measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        together, peak = sum(measured[step] for step in STEPS), measured["peak"]
        counts = (f"{count:,}" for count in (photos, classes, MEMBERS, resamples))
        seconds = (f"{measured[step]:.1f}" for step in STEPS)
        rows.append([*counts, *seconds, f"{together:.1f}", f"{peak:.0f}"])
        missed += [f"{classes:,} classes: {together:.1f} s, not {max_seconds}"] * (together > max_seconds)
        missed += [f"{classes:,} classes: {peak:.0f} MB, not {MAX_MB}"] * (peak > MAX_MB)
    publish("evaluation_scale", f"{markdown_table(HEADER, rows)}\n\n{goals(missed)}", write=write)
    sys.exit(bool(missed))


def run_once(photos: int, classes: int, resamples: int) -> dict[str, float]:
    """Make up predictions, then vote and measure; return the seconds of each step, and the peak in MB."""
    chance = np.random.default_rng(0)
    truth = np.arange(photos) % classes
    members = [_made_up(f"member-{number}", truth, classes, chance) for number in range(MEMBERS)]
    mean_softmax = _made_up(MEAN_SOFTMAX, truth, classes, chance)
    predicted = np.stack([member.predictions.classes for member in members])
    confidences = np.stack([member.predictions.scores for member in members])
    image_ids = [f"{number:016x}" for number in chance.permutation(photos)]
    label_counts = (chance.pareto(1, classes) * 10).astype(np.int64) + 10
    hold_out = HoldOut("made up", "none", image_ids, truth, label_counts)

    begin = time.perf_counter()
    votes = vote(predicted[:, :, 0], confidences[:, :, 0])
    voted = time.perf_counter()
    ranked_classes = rank_classes(predicted, confidences)
    ensemble = Voter(ENSEMBLE, "none", Predictions(ranked_classes, votes.scores[:, np.newaxis]))
    ranked = time.perf_counter()
    measure(hold_out, members, ensemble, mean_softmax, resamples=resamples)
    measured = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MB
    return {"vote": voted - begin, "rank": ranked - voted, "measure": measured - ranked, "peak": peak}


def _made_up(name: str, truth: NDArray[np.int64], count: int, chance: np.random.Generator) -> Voter:
    """Make up predictions, among so many classes, that hold the true class at any rank or not at all."""
    photos = len(truth)
    # Gaps of at least 1 keep the classes of a photo distinct; rank k stands for a truth not predicted.
    offsets = chance.integers(1, count // LABELS, (photos, LABELS)).cumsum(axis=1)
    classes = (truth[:, np.newaxis] + offsets) % count
    place = chance.choice(LABELS + 1, photos, p=[0.5, 0.1, 0.1, 0.05, 0.05, 0.2])
    answered = np.flatnonzero(place < LABELS)
    classes[answered, place[answered]] = truth[answered]
    shares = chance.dirichlet(np.full(LABELS + 1, 0.5), photos) + 1e-6
    softmax = shares / shares.sum(axis=1, keepdims=True)
    sure = -np.sort(-softmax[:, :LABELS], axis=1)
    # The softmax of each class that was not predicted; logits are the logarithms of a softmax.
    others = softmax[:, LABELS] / (count - LABELS)
    log_sums = [
        np.log((sure ** (1 / heat)).sum(axis=1) + (count - LABELS) * others ** (1 / heat))
        for heat in TEMPERATURES
    ]
    true_softmax = others.copy()
    true_softmax[answered] = sure[answered, place[answered]]
    logits = np.stack(log_sums, axis=1), np.log(true_softmax)
    return Voter(name, "none", Predictions(classes, sure), *logits)


if __name__ == "__main__":
    main()
