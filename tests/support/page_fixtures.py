"""Reports of small data sets and their evaluations, made once."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from evaluations import MEASURED, MEMBERS, curves_of, evaluation_of, predictions_of, similar_of
from page_outline import Outline, outline
from report_datasets import WRITERS

from landmark_lib.dataset import Manifest
from landmark_lib.evaluation_results import Evaluation
from landmark_lib.hold_out import HoldOut
from landmark_lib.method.neighbours import Neighbour
from landmark_lib.predictions import Predictions
from landmark_lib.report.curves import Curves
from landmark_lib.report.evaluation_page import evaluation_page


@dataclass(frozen=True)
class Report:
    """A page, its data set, and its outline."""

    path: Path
    manifest: Manifest
    title: str = "Data set report"

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @property
    def outline(self) -> Outline:
        return outline(self.text)


@dataclass(frozen=True)
class EvaluationReport(Report):
    """The page of an evaluation, and what it was rendered from."""

    title: str = "Evaluation report"
    root: str = ""
    evaluation: Evaluation | None = None
    hold_out: HoldOut | None = None
    predictions: Predictions | None = None
    curves: dict[str, Curves] | None = None
    similar: list[list[Neighbour]] | None = None

    def section(self, anchor: str) -> str:
        return self.outline.section(anchor)


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """Return the reports of data sets by name."""
    from report_timings import TIMINGS

    from landmark_lib.preprocess.report import write_report

    made = {}
    for name, write in WRITERS.items():
        root = str(tmp_path_factory.mktemp("report") / name)
        manifest = write(root)
        made[name] = Report(Path(write_report(root, manifest, TIMINGS)), manifest)
    return made


@pytest.fixture(scope="session")
def measured(tmp_path_factory):
    """Return the reports of evaluations by name."""
    made = {}
    for name, write in MEASURED.items():
        folder = tmp_path_factory.mktemp("evaluation")
        root, path = str(folder / "dataset"), folder / "report.html"
        manifest = write(root)
        hold_out, predictions = predictions_of(root, manifest)
        evaluation = evaluation_of(manifest, hold_out, predictions)
        curves = {name: curves_of(k) for k, name in enumerate(MEMBERS)}
        similar = similar_of(root, manifest, hold_out)
        page = evaluation_page(manifest, evaluation, hold_out, predictions, curves, similar=similar)
        path.write_text(page, "utf-8")
        made[name] = EvaluationReport(
            path,
            manifest,
            root=root,
            evaluation=evaluation,
            hold_out=hold_out,
            predictions=predictions,
            curves=curves,
            similar=similar,
        )
    return made


@pytest.fixture(params=WRITERS)
def report(request, reports):
    """Return the report of each data set in turn."""
    return reports[request.param]


@pytest.fixture(params=[*WRITERS, *MEASURED])
def any_report(request, reports, measured):
    """Return each report of a data set or an evaluation in turn."""
    return {**reports, **measured}[request.param]
