"""The output directory: new, under way, finished, or refused. A data set never mixes settings."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum, auto
from typing import Any

from landmark_lib import dataset
from landmark_lib.dataset import Manifest
from landmark_lib.errors import UserError
from landmark_lib.method.recipes import CENTRE
from landmark_lib.preprocess.batch import Batch, write_batch
from landmark_lib.preprocess.journal import BATCH, CLEARED, SETTINGS, Journal
from landmark_lib.preprocess.lock import is_lock
from landmark_lib.settings import Decides, PreprocessSettings, deciding, option, with_current_names
from landmark_lib.storage import Place, is_partial

# What is made from the corpus, and made again when photos are added or settings of the plan change.
DERIVED = (
    dataset.LABELS,
    dataset.NEAR_DUPLICATES,
    dataset.PLAN,
    dataset.COMMON.partition("/")[0],
    dataset.VALIDATION,
    dataset.CLASSES,
    dataset.REPORT,
)
# What data sets have that do not record the setting.
UNRECORDED = {"near_duplicates": "keep", "framing": CENTRE}
# All names that a run may leave in its output directory, except for locks.
OURS = {dataset.IN_PROGRESS, dataset.CORPUS, dataset.REJECTED, dataset.MANIFEST, *DERIVED}


class Standing(StrEnum):
    """The state in which a run finds its output directory."""

    NEW = auto()  # empty, or the run before was stopped while it listed photos
    UNDER_WAY = auto()  # the photos are listed: the run resumes
    FINISHED = auto()


@dataclass(frozen=True)
class Output:
    """An output directory, and the settings of the run that writes it."""

    address: str
    resolved: dict[str, Any]

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.address)

    @property
    def journal(self) -> Journal:
        """The journal of the run."""
        return Journal(self.address)

    def standing(self) -> Standing:
        """Return the state of the directory.

        Raises:
            UserError: It is a file, or holds something that this job did not write.
        """
        if self.place.is_file():
            raise UserError(f"--output: expected a directory, found a file: {self.address}")
        names = {name for name in self.place.names() if not is_lock(name)}
        foreign = {name for name in names - OURS if not is_partial(name)}
        known = dataset.MANIFEST in names or dataset.IN_PROGRESS in names or not names
        if foreign or not known:
            found = min(foreign or names)
            raise UserError(f"--output: {self.address} is not empty and not a data set: {found}")
        if self.journal.has(BATCH):
            return Standing.UNDER_WAY
        return Standing.FINISHED if dataset.MANIFEST in names else Standing.NEW

    def differing(self, recorded: Mapping[str, Any], decides: Decides) -> dict[str, tuple[Any, Any]]:
        """Return the settings of one kind that differ, as recorded and now, by name."""
        recorded = {**UNRECORDED, **with_current_names(PreprocessSettings, recorded)}
        declared = {field.name: field for field in fields(PreprocessSettings)}
        differing = {}
        for name in deciding(PreprocessSettings, decides):
            # A setting younger than the data set had the effect of today's default.
            then, now = recorded.get(name, declared[name].default), self.resolved[name]
            is_place = "place" in declared[name].metadata
            if then != now and not (is_place and then and now and Place(then).is_same(Place(now))):
                differing[name] = (then, now)
        return differing

    def describe_other(self, differing: Mapping[str, tuple[Any, Any]]) -> str:
        """Return which settings of the data set differ from this run's, for a message."""
        changes = [f"{option(name)} was {then}, is {now} now" for name, (then, now) in differing.items()]
        return f"--output: {self.address} holds a data set made with other settings: {'; '.join(changes)}"

    def recorded(self) -> dict[str, dict[str, Any]]:
        """Return the recorded settings by what they decide; the plan's only once they are decided.

        Raises:
            NotADatasetError: `dataset.json` cannot be read.
        """
        if self.standing() is Standing.FINISHED:
            settings = dataset.read_manifest(self.address).settings
            return {"corpus": settings, "plan": settings}
        return self.journal.read(SETTINGS, dict[str, dict[str, Any]]) or {}

    def decide(self, decides: Decides) -> None:
        """Record the settings that decide one thing, before it is done."""
        recorded = self.journal.read(SETTINGS, dict[str, dict[str, Any]]) or {}
        names = deciding(PreprocessSettings, decides)
        self.journal.write(SETTINGS, {**recorded, decides: {name: self.resolved[name] for name in names}})

    def agree(self, *, overwrite: bool) -> None:
        """Make sure that the data set was made with the settings of this run.

        With `overwrite`, remove what was made with other settings: everything, or all but the corpus if only
        the plan's differ. Also remove a finished data set of the same settings.

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
            raise UserError(f"{self.describe_other(corpus | plan)}; --overwrite replaces it")
        if corpus or (overwrite and standing is Standing.FINISHED and not plan):
            self.clear()
        elif plan and standing is Standing.FINISHED:
            self.journal.remove()
            self.reopen(dataset.read_manifest(self.address), Batch())
        elif plan:
            # The last stage first and the settings last: if stopped here, no result outlives its settings.
            self.journal.forget(["shards", "plan", "duplicates", "labels"])
            (self.place / dataset.IN_PROGRESS / CLEARED).remove()
            self.journal.write(SETTINGS, {"corpus": recorded["corpus"]})

    def reopen(self, manifest: Manifest, batch: Batch) -> None:
        """Turn a finished data set into one under way that keeps its corpus and gets a batch."""
        self.decide("corpus")
        write_batch(self.journal, batch, manifest)  # from here on it is under way
        (self.place / dataset.MANIFEST).remove()

    def clear_derived(self) -> None:
        """Remove what is made from the corpus, once per batch."""
        if not self.journal.has(CLEARED):
            for name in (dataset.MANIFEST, *DERIVED):
                (self.place / name).remove()
            self.journal.write(CLEARED, {})

    def clear(self) -> None:
        """Remove all that runs left. If stopped here, the next run starts again."""
        self.decide("corpus")  # marks the directory as ours until it is empty
        (self.place / dataset.MANIFEST).remove()
        (self.place / dataset.IN_PROGRESS / BATCH).remove()
        for name in (*DERIVED, dataset.CORPUS, dataset.REJECTED, dataset.IN_PROGRESS):
            (self.place / name).remove()

    def sweep(self) -> None:
        """Remove the partial files of killed writers."""
        for place in self.place.files():
            if is_partial(place.name):
                place.remove()


def resolved_settings(settings: PreprocessSettings, source: str) -> dict[str, Any]:
    """Return the settings that the manifest records, with the approach's defaults filled in."""
    names = deciding(PreprocessSettings, "corpus", "plan", "fetching")
    return {
        **{name: getattr(settings, name) for name in names},
        "input": source,
        "min_label_count": settings.resolved_min_label_count,
        "cutoff": settings.resolved_cutoff,
        "near_duplicates": settings.resolved_near_duplicates,
    }


def output_of(settings: PreprocessSettings, source: str) -> tuple[Output, PreprocessSettings]:
    """Return the output directory of a run, and its settings with those that a data set there decides.

    Raises:
        UserError: The directory holds something that this job did not write.
    """
    output = Output(settings.output, resolved_settings(settings, source))
    is_open = settings.near_duplicates is None and not settings.unlabelled
    if is_open and output.standing() is not Standing.NEW:
        found = {**UNRECORDED, **output.recorded()["corpus"]}["near_duplicates"]
        settings = replace(settings, near_duplicates=found)
        output = replace(output, resolved=resolved_settings(settings, source))
    return output, settings


def refuse_inside_input(output: str, source: str) -> None:
    """Keep a run from writing among the photos that it reads.

    Raises:
        UserError: The output lies inside the input.
    """
    inner, outer = Place(output), Place(source)
    if inner.is_local and outer.is_local and inner.path.resolve().is_relative_to(outer.path.resolve()):
        raise UserError(f"--output: {output} lies inside the input {source}")
