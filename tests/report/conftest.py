"""Reports of small data sets, made once for all tests."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from page_outline import Outline, outline
from report_datasets import TIMINGS, WRITERS

from landmark_lib.dataset import Manifest
from landmark_lib.preprocess.report import write_report


@dataclass(frozen=True)
class Report:
    """A page, what it tells about, and its outline."""

    path: Path
    manifest: Manifest

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @property
    def outline(self) -> Outline:
        return outline(self.text)


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """Give the reports by name."""
    made = {}
    for name, write in WRITERS.items():
        root = str(tmp_path_factory.mktemp("report") / name)
        manifest = write(root)
        made[name] = Report(Path(write_report(root, manifest, TIMINGS)), manifest)
    return made


@pytest.fixture(params=WRITERS)
def report(request, reports):
    """Give each report in turn."""
    return reports[request.param]
