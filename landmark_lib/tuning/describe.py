"""The results of a search, as text."""

from landmark_lib.columns import in_columns
from landmark_lib.console import visible
from landmark_lib.evaluation_results import too_few_words
from landmark_lib.report.tuning_sections import NOTHING_BETTER, setting_text
from landmark_lib.storage import Place
from landmark_lib.tuning.results import PAGE
from landmark_lib.tuning_results import TUNING, Tuning, training_command


def describe(found: Tuning, models: str) -> str:
    """Return the chosen members, how they compare with the defaults, and where the files are."""
    states = [trial.state for trial in found.trials]
    counts = (
        f"{len(states):,} trials, {states.count('pruned'):,} ended early, {states.count('failed'):,} failed;"
        f" chosen on {found.selection_photos:,} photos, measured on the other {found.reporting_photos:,}"
    )
    rows = [
        ["", "top-1 [95 % interval]", "GAP [95 % interval]"],
        ["tuned", str(found.tuned.top_1), str(found.tuned.gap)],
    ]
    if found.default and found.top_1_difference and found.gap_difference:
        rows.append(["default", str(found.default.top_1), str(found.default.gap)])
        rows.append(["difference", str(found.top_1_difference), str(found.gap_difference)])
    lines = [counts, *in_columns(rows)]
    if found.keeps_defaults:
        lines.append(NOTHING_BETTER)
    if few := too_few_words(min(found.selection_photos, found.reporting_photos)):
        lines.append(few)
    by_number = {trial.number: trial for trial in found.trials}
    for number in found.tuned.trials:
        trial = by_number[number]
        parameters = ", ".join(
            f"{visible(name.replace('_', ' '))} {visible(setting_text(value))}"
            for name, value in trial.parameters.items()
        )
        lines.append(f"member {trial.member}: trial {number}: {parameters}")
    page = visible(Place(models) / TUNING / PAGE)
    return "\n".join([*lines, f"Report: {page}", f"Train them: {visible(training_command(models))}"])
