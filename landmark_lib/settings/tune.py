"""The settings of `jobs/tune.py`, by concern."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from landmark_lib.errors import UserError
from landmark_lib.settings.declare import (
    DATASET_DIRECTORY,
    MODELS_DIRECTORY,
    Settings,
    from_flat,
    listed,
    names_in,
    part,
    place,
    require,
    setting,
    to_flat,
)
from landmark_lib.settings.numbers import read_number, read_whole
from landmark_lib.settings.train import (
    ALL,
    AVERAGE,
    GEM_2,
    SELECTION,
    SOFTMAX,
    WITH_SIMILARITY,
    BackboneSettings,
    Head,
    MemberSettings,
    OptimizerName,
    Pooling,
    TrainSettings,
)

ONE_PROCESS = "-np 1"
Parameters = Mapping[str, Any]  # the settings that are searched, by name
# Settings that are searched among words, and the words that they may have.
CHOICES = {"optimizer": get_args(OptimizerName), "pooling": get_args(Pooling), "head": get_args(Head)}
FIRST_BOUND_ABOVE_0 = ("l2", "learning_rate")  # searched on a logarithmic scale


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, both included."""

    low: float
    high: float


@dataclass(frozen=True)
class SearchSettings(Settings):
    """What is searched.

    Raises:
        UserError: Not a range, not a list, or an unknown optimizer.
    """

    trainable_layers: str = listed(
        "0",
        "Numbers of convolutional layers to train, as a list such as 0,3,6 or 3,all; trials with 0 use"
        " features computed once.",
    )
    dropout: str = setting("0:0.8", "Dropout rate of the pooled features, as low:high or one value.")
    l2: str = setting("1e-6:0.1", "L2 penalty on the weights of the head, as low:high or one value.")
    learning_rate: str = setting("1e-4:0.3", "Learning rate per rank, as low:high or one value.")
    optimizer: str = listed("sgd,adam", "Optimizers, as a list.")
    pooling: str = listed(
        GEM_2, "Poolings, as a list such as avg2,gem2; each computes features of its own.", earlier=AVERAGE
    )
    head: str = listed(
        WITH_SIMILARITY, "Heads, as a list such as softmax,similarity,arcface.", earlier=SOFTMAX
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, known in CHOICES.items():
            for word in self.choices[name]:
                require(word in known, name, f"a list of {', '.join(known)}", word)

    @property
    def ranges(self) -> dict[str, Range]:
        """The settings that are searched between two bounds."""
        return {
            name: _range(name, getattr(self, name), above_0=name in FIRST_BOUND_ABOVE_0)
            for name in ("dropout", "l2", "learning_rate")
        }

    @property
    def choices(self) -> dict[str, list[Any]]:
        """The settings that are searched among some values."""
        words = {name: _words(name, getattr(self, name)) for name in CHOICES}
        return {"trainable_layers": list(self.layers), **words}

    @property
    def layers(self) -> list[int | Literal["all"]]:
        """The numbers of trained layers that are searched."""
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
    def defaults(self) -> Parameters:
        """The defaults of jobs/train.py, or the searched values nearest to them."""
        usual = to_flat(MemberSettings())
        numbers = {name: min(max(usual[name], each.low), each.high) for name, each in self.ranges.items()}
        words = {
            name: usual[name] if usual[name] in values else values[0] for name, values in self.choices.items()
        }
        return {**numbers, **words}


@dataclass(frozen=True)
class TrialRowSettings(Settings):
    """Which rows each trial learns from."""

    batch_size: int = setting(32, "Batch size per rank (rows).", at_least=1)
    epochs_per_pass: int = setting(
        2,
        "Epochs that make up one pass over the training set; a bad trial may end after each.",
        formerly="scale_down",
        at_least=1,
    )
    seed: int = setting(0, "Seed of the search and of each training.")


@dataclass(frozen=True)
class TrialEndSettings(Settings):
    """When a trial ends."""

    epochs: int = setting(
        20, "Epochs of a trial; --epochs-per-pass of them are one pass over the training set.", at_least=1
    )


@dataclass(frozen=True)
class TuneSettings(Settings):
    """The settings of `jobs/tune.py`.

    Raises:
        UserError: A value out of its range.
    """

    dataset: str | None = place(
        None, f"Data set written by jobs/preprocess.py, a path or a URI.  [default: {DATASET_DIRECTORY}]"
    )
    models: str = place(
        MODELS_DIRECTORY, "Directory of the models; trials are written to the folder tuning in it."
    )
    trials: int = setting(
        200,
        "Trials in total, including those of earlier runs and other workers on the same --models.",
        at_least=1,
    )
    time_limit: float = setting(
        0.0,
        "Minutes after which this run begins no further trial; those that run end as usual, and the result is"
        " written. 0: no limit.",
        unit="minutes",
        at_least=0,
    )
    search: SearchSettings = part(SearchSettings)
    network: BackboneSettings = part(BackboneSettings)
    rows: TrialRowSettings = part(TrialRowSettings)
    ending: TrialEndSettings = part(TrialEndSettings)
    horovodrun_args: str = setting(
        ONE_PROCESS,
        "Arguments for horovodrun in trials that train convolutional layers, such as '-np 2 -H host1:2'; with"
        f" '{ONE_PROCESS}', they need no horovodrun, unless all layers are trained.",
        formerly="horovodrun",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            shlex.split(self.horovodrun_args)
        except ValueError as error:
            raise UserError(f"--horovodrun-args: {error}: {self.horovodrun_args}") from None
        ranges = self.search.ranges
        lows = {name: each.low for name, each in ranges.items()}
        highs = {name: each.high for name, each in ranges.items()}
        for corner in (lows, highs):
            for layers in self.search.layers:
                self.of_trial({**corner, "trainable_layers": layers}, 0, self.models)

    @property
    def identity(self) -> dict[str, Any]:
        """The settings that decide the trials; a search with others is refused."""
        parts = (self.search, self.network, self.rows, self.ending)
        flat = {name: value for each in parts for name, value in to_flat(each).items()}
        return {**flat, "horovodrun_args": self.horovodrun_args}

    def caches(self, layers: int | str) -> bool:
        """Return whether trials with so many trained layers train on cached features, in this process.

        The others are jobs of horovodrun.
        """
        one_process = shlex.split(self.horovodrun_args) == shlex.split(ONE_PROCESS)
        return layers == 0 or (layers != ALL and one_process)

    def of_trial(self, parameters: Parameters, member: int, models: str) -> TrainSettings:
        """Return the settings of the training of a trial.

        Args:
            parameters: A value for each setting that is searched.
            member: The member on whose rows it is trained.
            models: Where it is written.
        """
        common = {name: value for name, value in to_flat(self).items() if name in names_in(TrainSettings)}
        own = {
            "models": models,
            "member": str(member),
            "cache_features": self.caches(parameters["trainable_layers"]),
            "validate_on": SELECTION,
        }
        searched = names_in(SearchSettings)
        return from_flat(
            TrainSettings,
            {name: value for name, value in common.items() if name not in searched} | dict(parameters) | own,
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
