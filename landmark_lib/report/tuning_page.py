"""`tune.html`: the results of a search for settings."""

from landmark_lib.report.page import render_page
from landmark_lib.report.tuning_sections import tuning_facts, tuning_lead, tuning_sections
from landmark_lib.tuning_results import Tuning


def tuning_page(found: Tuning) -> str:
    """Return the whole page as HTML."""
    return render_page("Tuning", tuning_lead(found), tuning_facts(found), tuning_sections(found))
