"""What evidence ranks right predictions above photos without a landmark, and what neighbours add to labels.

    python benchmarks/evidence.py --dataset DIR --models DIR --no-landmark DIR [--write]

The models were trained with --trainable-layers 0 --cache-features. The cached features are split five times:
three quarters of each class train a logistic regression (scikit-learn) and make the index of
neighbours. One half of the other photos fits the rejection; the other half, with half of the photos without a
landmark, measures it; the other half of those is known. Means over the splits, and standard deviations.
"""

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence

from arguments import parse

if __name__ == "__main__":
    arguments = parse(
        __doc__,
        dataset=("data/demo/dataset", "data set that the member was trained on"),
        models=("data/demo/models", "directory of the models"),
        no_landmark=("data/demo/no-landmark", "photos that show no landmark"),
    )

import numpy as np
from numpy.typing import NDArray
from results import markdown_table, publish
from sklearn.linear_model import LogisticRegression

from landmark_lib.dataset import read_manifest, read_table
from landmark_lib.evaluation.networks import load_members, run_networks
from landmark_lib.evaluation.photos import UsersPhotos
from landmark_lib.method.mixtures import RankedPhotos
from landmark_lib.method.neighbours import (
    NeighbourIndex,
    Projection,
    similarity_to_known,
)
from landmark_lib.method.recipes import PLAIN
from landmark_lib.method.rejection import fit_rejection, log_odds
from landmark_lib.method.similarity import FeatureStatistics, FeatureSums
from landmark_lib.settings import EvaluateSettings
from landmark_lib.storage import Place
from landmark_lib.training.feature_files import FEATURES
from landmark_lib.training.reading import Group

SPLITS = 5
SHARES = (0.5, 0.9, 0.98)
COLUMNS = (
    *("vote score", "energy", "class mean", "most similar photos"),
    "most similar photos less known ones without a landmark",
)
EVIDENCE = ((0,), (0, 1, 2), (0, 2), (0, 3), (0, 2, 3), (0, 1, 2, 3), (0, 4), (0, 2, 4))
WEIGHTS = (0, 5, 10, 20, 40)
TOP_K = 5


def main(arguments: Namespace) -> int:
    """Measure and print."""
    features, classes = photos_of(arguments.dataset, arguments.models)
    others = features_of_others(arguments.models, arguments.no_landmark)
    splits = [Split(features, classes, others, seed) for seed in range(SPLITS)]
    ranking = [
        [", ".join(COLUMNS[column] for column in of_row), *texts([split.gaps(of_row) for split in splits])]
        for of_row in EVIDENCE
    ]
    labels = [[str(weight), *texts([[split.accuracy(weight)] for split in splits])] for weight in WEIGHTS]
    header = ["evidence", *(f"GAP, {share:.0%} without a landmark" for share in SHARES)]
    tables = (
        f"{len(classes):,} photos of {classes.max() + 1} landmarks, {len(others):,} without.\n\n"
        f"{markdown_table(header, ranking)}\n\n"
        f"{markdown_table(['weight of the neighbours in the top five labels', 'top-1'], labels)}"
    )
    publish("evidence", tables, write=arguments.write)
    return 0


def texts(of_splits: Sequence[Sequence[float]]) -> list[str]:
    """Return mean and standard deviation over the splits for each column."""
    values = np.array(of_splits)
    return [f"{m:.3f} ± {d:.3f}" for m, d in zip(values.mean(axis=0), values.std(axis=0), strict=True)]


def photos_of(root: str, models: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the cached features and classes of all photos, without transformed copies."""
    (folder,) = Place(models).path.glob(f"{FEATURES}/*")
    rows = {}
    for record in read_manifest(root).files:
        if (folder / record.path).exists():
            cached = read_table(str(folder), record.path)
            plain = [True] * len(cached)
            if record.path.startswith("train/"):
                recipes = read_table(root, record.path, ["recipe"])["recipe"].to_pylist()
                plain = [recipe == str(PLAIN) for recipe in recipes]
            columns = (cached[name].to_pylist() for name in ("image_id", "class_index", FEATURES))
            for kept, image_id, index, features in zip(plain, *columns, strict=True):
                if kept:
                    rows[image_id] = index, features
    classes, features = zip(*rows.values(), strict=True)
    return np.array(features, np.float32), np.array(classes, np.int64)


def features_of_others(models: str, folder: str) -> NDArray[np.float32]:
    """Return the first member's features of a user's photos."""
    members = load_members(models)
    photos = UsersPhotos(folder, EvaluateSettings())

    def read() -> Iterator[Group]:
        for unit in range(len(photos.sizes)):
            yield from photos.read(unit, lambda *_: None, members.framing)

    batches = run_networks(members, read, batch_size=32)
    return np.concatenate([outputs[0].features.numpy() for _, outputs in batches])


class Split:
    """One split of the photos: what was learned from its training photos, and evidence for the others."""

    def __init__(
        self,
        features: NDArray[np.float32],
        classes: NDArray[np.int64],
        others: NDArray[np.float32],
        seed: int,
    ) -> None:
        """Train on three quarters of each class."""
        random = np.random.default_rng(seed)
        order = random.permutation(len(classes))
        rank_in_class = np.zeros(len(classes), np.int64)
        for index in np.unique(classes):
            of_class = order[classes[order] == index]
            rank_in_class[of_class] = np.arange(len(of_class))
        counts = np.bincount(classes)[classes]
        held_out = rank_in_class < np.maximum(1, counts // 4)
        self._scale = features.std()
        train, train_classes = features[~held_out], classes[~held_out]
        self._probe = LogisticRegression(max_iter=300).fit(train / self._scale, train_classes)
        self._statistics, self._index = index_of(train, train_classes)
        self._features, self._truth = features[held_out], classes[held_out]
        self._logits = self._probe.decision_function(self._features / self._scale)
        self._right = self._logits.argmax(axis=1) == self._truth
        self._measures = np.arange(len(others)) % 2 == 1
        self._without = self._index.projection.vectors(others[~self._measures]).astype(np.float16)
        masked = self._logits.copy()
        masked[np.arange(len(masked)), self._truth] = -np.inf
        self._known, self._masked = (
            self._evidence(logits, self._features) for logits in (self._logits, masked)
        )
        self._others = self._evidence(self._probe.decision_function(others / self._scale), others)
        self._fits = np.arange(len(self._truth)) % 2 == 0

    def gaps(self, columns: Sequence[int]) -> list[float]:
        """Return GAP at each share of photos without a landmark, if these pieces of evidence rank."""
        chosen = list(columns)
        known, masked, others = (e[:, chosen] for e in (self._known, self._masked, self._others))
        fits = self._fits
        rejection = fit_rejection(known[fits], self._right[fits], masked[fits])
        ranked = RankedPhotos(
            rejection.score(known[~fits]), self._right[~fits], rejection.score(others[self._measures])
        )
        return [ranked.gap_at_share(share) for share in SHARES]

    def accuracy(self, weight: float) -> float:
        """Return top-1 if the similarity to the nearest photos of a class is added to its logit."""
        vectors = self._index.projection.vectors(self._features)
        top = np.argsort(-self._logits, axis=1)[:, :TOP_K]
        similarities = np.stack([self._index.similarity(vectors, column) for column in top.T], axis=1)
        scores = np.take_along_axis(self._logits, top, axis=1) + weight * similarities
        first = np.take_along_axis(top, scores.argmax(axis=1)[:, np.newaxis], axis=1)[:, 0]
        return float((first == self._truth).mean())

    def _evidence(self, logits: NDArray[np.float64], features: NDArray[np.float32]) -> NDArray[np.float64]:
        classes, largest = logits.argmax(axis=1), logits.max(axis=1)
        total = np.exp(logits - largest[:, np.newaxis]).sum(axis=1)
        projection = self._index.projection
        vectors = projection.vectors(features)
        neighbours = self._index.similarity(vectors, classes)
        return np.column_stack(
            (
                log_odds(1 / total),
                largest + np.log(total),
                self._statistics.cosines(features)[np.arange(len(classes)), classes],
                neighbours,
                neighbours - similarity_to_known(vectors, self._without),
            )
        )


def index_of(
    features: NDArray[np.float32], classes: NDArray[np.int64]
) -> tuple[FeatureStatistics, NeighbourIndex]:
    """Return the statistics and the index of training photos."""
    sums = FeatureSums.zeros(int(classes.max()) + 1, features.shape[1])
    sums.add(features, classes)
    statistics, projection = Projection.of_sums(sums)
    names = [f"{number:09}" for number in range(len(classes))]
    vectors = projection.vectors(features).astype(np.float16)
    return statistics, NeighbourIndex.of_photos(projection, names, classes.astype(np.int32), vectors)


if __name__ == "__main__":
    sys.exit(main(arguments))
