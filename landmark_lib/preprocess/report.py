"""`report.html`: what preprocessing made, on one page that needs no network."""

from collections.abc import Sequence

from landmark_lib.dataset import REPORT, Manifest
from landmark_lib.digits import duration
from landmark_lib.preprocess.stage import StageTiming
from landmark_lib.report.dataset_sections import (
    dataset_facts,
    dataset_lead,
    dataset_sections,
    settings_section,
)
from landmark_lib.report.page import Fact, Section, render_page, render_part
from landmark_lib.storage import Place


def write_report(output: str, manifest: Manifest, timings: Sequence[StageTiming]) -> str:
    """Write the report of a data set whose tables are complete, and return its address.

    The report contains times, so the manifest does not list it.

    Args:
        output: Root of the data set.
        manifest: Its manifest.
        timings: Spark's start and the stages of this run, in their order; may be empty.

    Raises:
        LandmarkError: A file of the data set lacks a planned row.
    """
    facts, sections = dataset_facts(manifest), dataset_sections(output, manifest)
    if timings:
        facts.append(Fact(duration(sum(stage.seconds for stage in timings)), "time in all"))
        sections.append(Section("times", "Times", render_part("times.html", stages=timings)))
    sections.append(settings_section(manifest))
    page = render_page("Data set report", dataset_lead(manifest), facts, sections)
    place = Place(output) / REPORT
    place.write(page.encode())
    return place.address
