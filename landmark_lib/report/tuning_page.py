"""`tune.html`: what a search for settings found."""

from landmark_lib.report.page import render_page
from landmark_lib.report.tuning_sections import ensembles_section, trials_section, tuning_facts, tuning_lead
from landmark_lib.tuning_results import Tuning


def tuning_page(found: Tuning) -> str:
    """Give the whole page as HTML."""
    return render_page(
        "Tuning", tuning_lead(found), tuning_facts(found), [ensembles_section(found), trials_section(found)]
    )
