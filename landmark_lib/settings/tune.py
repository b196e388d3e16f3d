"""What `jobs/tune.py` is told."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from landmark_lib.errors import UserError
from landmark_lib.settings.declare import (
    DATASET_DIRECTORY,
    MODELS_DIRECTORY,
    deciding,
    listed,
    place,
    require,
    setting,
)
from landmark_lib.settings.numbers import read_number, read_whole
from landmark_lib.settings.train import ALL, SELECTION, OptimizerName, Precision, TrainSettings

Parameters = Mapping[str, Any]  # settings of a training by name, of those that are searched
FIRST_BOUND_ABOVE_0 = ("l2", "learning_rate")  # searched by powers of ten


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, both included."""

    low: float
    high: float


@dataclass(frozen=True)
class TuneSettings:
    """What `jobs/tune.py` is told.

    Raises:
        UserError: A value out of its range.
    """

    dataset: str | None = place(
        None, f"Data set that jobs/preprocess.py wrote, a path or a URI.  [default: {DATASET_DIRECTORY}]"
    )
    models: str = place(
        MODELS_DIRECTORY, "Directory of the models; what is tried goes into the folder tuning in it."
    )
    trials: int = setting(
        200, "Trials in all, those of earlier runs and of other workers on the same --models included."
    )
    trainable_layers: str = listed(
        "0",
        "Convolutional layers left free, as a list to search, such as 0,3,6 or 3,all; trials with 0 train on"
        " features computed once.",
        "search",
    )
    dropout: str = setting(
        "0:0.8", "Share of the pooled features dropped, as low:high or one value.", "search"
    )
    l2: str = setting("1e-6:0.1", "Weight penalty on the dense layer, as low:high or one value.", "search")
    learning_rate: str = setting("1e-4:0.3", "Learning rate of one rank, as low:high or one value.", "search")
    optimizer: str = listed("sgd,adam", "Optimizers, as a list to search.", "search")
    backbone: str = setting("ResNet50", "Network to build on, any of keras.applications by name.", "network")
    weights: str = place(
        "imagenet",
        "Weights to start from: 'imagenet' (downloaded once), 'random', or a Keras .h5 file.",
        "network",
    )
    image_size: int = setting(224, "Side of the network's input; smaller is faster (pixels).", "network")
    precision: Precision = setting("float32", "Numbers to compute with, as jobs/train.py has it.", "network")
    batch_size: int = setting(32, "Rows of a step on each rank.", "rows")
    epochs_per_pass: int = setting(
        2,
        "Epochs that make up one pass; after each a trial may be ended as a bad one.",
        "rows",
        formerly="scale_down",
    )
    seed: int = setting(0, "Seed of the search and of each training.", "rows")
    epochs: int = setting(20, "Epochs of a trial; an epoch is 1/epochs-per-pass of a pass.", "ending")
    horovodrun_args: str = setting(
        "-np 1",
        "What horovodrun is told that trains a trial with free layers, such as '-np 2 -H host1:2'.",
        formerly="horovodrun",
    )

    def __post_init__(self) -> None:
        require(self.trials >= 1, "trials", "at least 1", self.trials)
        for number in range(2):  # both ends of each range are settings of a training
            corner = {name: (value.low, value.high)[number] for name, value in self.ranges.items()}
            for layers in self.layers:
                self.of_trial({**corner, "trainable_layers": layers}, 0, self.models)
        known = get_args(OptimizerName)
        for optimizer in self.optimizers:
            require(optimizer in known, "optimizer", f"a list of {', '.join(known)}", optimizer)
        try:
            shlex.split(self.horovodrun_args)
        except ValueError as error:
            raise UserError(f"--horovodrun-args: {error}: {self.horovodrun_args}") from None

    @property
    def ranges(self) -> dict[str, Range]:
        """What is searched between two bounds."""
        return {
            name: _range(name, getattr(self, name), above_0=name in FIRST_BOUND_ABOVE_0)
            for name in ("dropout", "l2", "learning_rate")
        }

    @property
    def layers(self) -> list[int | Literal["all"]]:
        """The numbers of free layers that are searched."""
        words = _words("trainable_layers", self.trainable_layers)
        try:
            layers = [ALL if word == ALL else read_whole(word) for word in words]
        except ValueError as error:
            raise UserError(
                f"--trainable-layers: expected a list of whole numbers or 'all', received {error}"
            ) from None
        _require_different("trainable_layers", layers, self.trainable_layers)
        return layers  # type: ignore[return-value] # the word itself

    @property
    def optimizers(self) -> list[str]:
        """The optimizers that are searched."""
        return _words("optimizer", self.optimizer)

    @property
    def choices(self) -> dict[str, list[Any]]:
        """What is searched among some values."""
        return {"trainable_layers": list(self.layers), "optimizer": list(self.optimizers)}

    @property
    def defaults(self) -> dict[str, Any]:
        """The defaults of jobs/train.py, or what is searched that comes nearest to them."""
        usual = TrainSettings()
        numbers = {
            name: min(max(getattr(usual, name), bounds.low), bounds.high)
            for name, bounds in self.ranges.items()
        }
        names = {
            name: getattr(usual, name) if getattr(usual, name) in values else values[0]
            for name, values in self.choices.items()
        }
        return {**numbers, **names}

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the trials; others are no beginning of these."""
        names = deciding(TuneSettings, "search", "network", "rows", "ending")
        return {name: getattr(self, name) for name in [*names, "horovodrun_args"]}

    def of_trial(self, parameters: Parameters, member: int, models: str) -> TrainSettings:
        """Give the settings of a training.

        Args:
            parameters: A value for everything that is searched.
            member: Which member's rows it is trained on.
            models: Where it is written.
        """
        names = {*deciding(TuneSettings, "network", "rows", "ending"), "dataset"}
        return TrainSettings(
            **{name: value for name, value in asdict(self).items() if name in names},
            **parameters,
            models=models,
            member=str(member),
            cache_features=parameters["trainable_layers"] == 0,
            validate_on=SELECTION,
        )


def _range(name: str, text: str, *, above_0: bool) -> Range:
    expected = "low:high or one number"
    parts = text.split(":")
    require(1 <= len(parts) <= 2, name, expected, text)
    try:
        numbers = [read_number(part) for part in parts]
    except ValueError:
        numbers = []
    require(bool(numbers), name, expected, text)
    low, high = numbers[0], numbers[-1]
    require(low <= high, name, "low:high with low at most high", text)
    require(low == high or low > 0 or not above_0, name, "low:high with low above 0", text)
    return Range(low, high)


def _words(name: str, text: str) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    require(all(words), name, "a list of values", text)
    _require_different(name, words, text)
    return words


def _require_different(name: str, values: Sequence[object], text: str) -> None:
    require(len(set(values)) == len(values), name, "a list of different values", text)
