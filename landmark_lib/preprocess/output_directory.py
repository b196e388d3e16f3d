"""The output directory: new, ours to go on with, finished, or refused. Settings are never mixed in it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum, auto
from typing import Any

from landmark_lib import dataset
from landmark_lib.dataset import Manifest
from landmark_lib.errors import UserError
from landmark_lib.preprocess.journal import BATCH, BEFORE, SETTINGS, Journal, Stage
from landmark_lib.preprocess.lock import is_lock
from landmark_lib.settings import Decides, PreprocessSettings, deciding, with_current_names
from landmark_lib.storage import Place, is_partial

# What follows from the corpus and is made anew when photos were added or the plan's settings changed.
DERIVED = (
    dataset.LABELS,
    dataset.PLAN,
    dataset.COMMON.partition("/")[0],
    dataset.VALIDATION,
    dataset.CLASSES,
    dataset.REPORT,
)
# All that a run may leave in the root of its output, but for locks.
OURS = {dataset.IN_PROGRESS, dataset.CORPUS, dataset.REJECTED, dataset.MANIFEST, *DERIVED}


class Standing(StrEnum):
    """What a run finds in its output directory."""

    NEW = auto()  # nothing, or only what can be listed and begun anew
    UNDER_WAY = auto()  # the photos are listed: to go on with
    FINISHED = auto()


@dataclass(frozen=True)
class Output:
    """An output directory and the settings that a run brings to it."""

    address: str
    resolved: dict[str, Any]

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.address)

    @property
    def journal(self) -> Journal:
        """The notes of the run."""
        return Journal(self.address)

    def standing(self) -> Standing:
        """Look what is there.

        Raises:
            UserError: Something that no run of ours left.
        """
        names = self._names()
        foreign = {name for name in names - OURS if not is_partial(name)}
        known = dataset.MANIFEST in names or dataset.IN_PROGRESS in names or not names
        if foreign or not known:
            found = min(foreign or names)
            raise UserError(f"--output: {self.address} is not empty and not a data set: {found}")
        if self.journal.has(BATCH):
            return Standing.UNDER_WAY
        return Standing.FINISHED if dataset.MANIFEST in names else Standing.NEW

    def _names(self) -> set[str]:
        if self.place.is_file():
            raise UserError(f"--output: expected a directory, found a file: {self.address}")
        return {name for name in self.place.names() if not is_lock(name)}

    def differing(self, there: Mapping[str, Any], decides: Decides) -> dict[str, tuple[Any, Any]]:
        """Compare the settings that decide one thing: what stands there, and what came now."""
        there = with_current_names(PreprocessSettings, there)
        defaults = {field.name: field.default for field in fields(PreprocessSettings)}
        pairs = {
            # A setting that did not exist yet had the effect of today's default.
            name: (there.get(name, defaults[name]), self.resolved[name])
            for name in deciding(PreprocessSettings, decides)
        }
        places = {field.name for field in fields(PreprocessSettings) if "place" in field.metadata}
        return {
            name: (there, now)
            for name, (there, now) in pairs.items()
            if there != now and not (name in places and there and now and Place(there).is_same(Place(now)))
        }

    def recorded(self) -> dict[str, dict[str, Any]]:
        """Give the settings by what they decide, as far as the data set there is decided.

        Raises:
            NotADatasetError: A `dataset.json` that cannot be read.
        """
        if self.standing() is Standing.FINISHED:
            settings = dataset.read_manifest(self.address).settings
            return {"corpus": settings, "plan": settings}
        return self.journal.read(SETTINGS, dict[str, dict[str, Any]]) or {}

    def decide(self, decides: Decides) -> None:
        """Record the settings that decide one thing, now that it is about to be done."""
        recorded = self.journal.read(SETTINGS, dict[str, dict[str, Any]]) or {}
        names = deciding(PreprocessSettings, decides)
        self.journal.write(SETTINGS, {**recorded, decides: {name: self.resolved[name] for name in names}})

    def agree(self, *, overwrite: bool) -> None:
        """Make sure that what is there was made with the settings of this run.

        With `overwrite`, what was made with others goes: everything, or all but the corpus where only the
        plan differs. A finished data set with nothing that differs goes too.

        Raises:
            UserError: Settings differ and `overwrite` is not set.
        """
        standing = self.standing()
        if standing is Standing.NEW:
            return
        recorded = self.recorded()
        corpus = self.differing(recorded["corpus"], "corpus")
        plan = self.differing(recorded["plan"], "plan") if "plan" in recorded else {}
        if (corpus or plan) and not overwrite:
            raise UserError(
                f"--output: {self.address} holds a data set made with other settings: {_told(corpus | plan)}"
                "; --overwrite replaces it"
            )
        if corpus or (overwrite and standing is Standing.FINISHED and not plan):
            self.clear()
        elif plan:
            self._take_plan_back(standing)

    def _take_plan_back(self, standing: Standing) -> None:
        if standing is Standing.FINISHED:
            self.journal.remove()
            self.reopen(dataset.read_manifest(self.address), {"number": 0, "parts": 0, "rows": {}})
        else:
            # The last stage first and the settings last: stopped in here, nothing done outlives its settings.
            self.journal.forget([Stage.SHARDS, Stage.PLAN, Stage.LABELS, Stage.CLEARED])
            self.journal.write(SETTINGS, {"corpus": self.recorded()["corpus"]})

    def reopen(self, manifest: Manifest, batch: dict[str, Any]) -> None:
        """Turn a finished data set into one under way that keeps its corpus and has a batch to add."""
        self.decide("corpus")
        self.journal.write(BEFORE, asdict(manifest))
        self.journal.write(BATCH, batch)  # from here on it is under way
        (self.place / dataset.MANIFEST).remove()

    def clear_derived(self) -> None:
        """Remove what follows from the corpus, once."""
        if not self.journal.is_closed(Stage.CLEARED):
            (self.place / dataset.MANIFEST).remove()
            for name in DERIVED:
                (self.place / name).remove()
            self.journal.close(Stage.CLEARED, {})

    def clear(self) -> None:
        """Remove all that runs of ours left. Stopped in here, it is begun anew by the next run."""
        self.decide("corpus")  # marks the directory as ours to the end
        (self.place / dataset.MANIFEST).remove()
        (self.place / dataset.IN_PROGRESS / BATCH).remove()
        for name in (*DERIVED, dataset.CORPUS, dataset.REJECTED, dataset.IN_PROGRESS):
            (self.place / name).remove()

    def sweep(self) -> None:
        """Remove what writers that were killed left half-written."""
        for place in self.place.files():
            if is_partial(place.name):
                place.remove()


def resolved_settings(settings: PreprocessSettings, source: str) -> dict[str, Any]:
    """Give the settings as the manifest holds them: nothing left to a default of the approach."""
    names = deciding(PreprocessSettings, "corpus", "plan", "fetching")
    return {
        **{name: getattr(settings, name) for name in names},
        "input": source,
        "min_label_count": settings.resolved_smallest,
        "cutoff": settings.resolved_cutoff,
    }


def refuse_inside_input(output: str, source: str) -> None:
    """Keep a run from writing among the photos that it reads.

    Raises:
        UserError: The output lies inside the input.
    """
    inner, outer = Place(output), Place(source)
    if not inner.is_local or not outer.is_local:
        return
    if inner.path.resolve().is_relative_to(outer.path.resolve()):
        raise UserError(f"--output: {output} lies inside the input {source}")


def _told(differing: Mapping[str, tuple[Any, Any]]) -> str:
    return ", ".join(f"{name} {old} there, {new} now" for name, (old, new) in differing.items())
