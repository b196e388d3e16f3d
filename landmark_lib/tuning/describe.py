"""What a search found, as text."""

from landmark_lib.console import visible
from landmark_lib.evaluation_results import Figure
from landmark_lib.report.tuning_sections import written
from landmark_lib.storage import Place
from landmark_lib.tuning.results import MEMBERS, PAGE
from landmark_lib.tuning_results import TUNING, EnsembleResult, Tuning


def describe(found: Tuning, models: str) -> str:
    """Tell the chosen members, how good they are beside the defaults, and where all of it is."""
    states = [trial.state for trial in found.trials]
    counts = (
        f"{len(states):,} trials, {states.count('pruned'):,} ended early, {states.count('failed'):,} failed;"
        f" chosen on {found.selection_photos:,} photos, measured on the other {found.reporting_photos:,}"
    )
    lines = [
        counts,
        "            top-1 [95 % interval]  GAP [95 % interval]",
        _line("tuned", found.tuned),
    ]
    if found.default and found.top_1_difference and found.gap_difference:
        lines.append(_line("default", found.default))
        lines.append(f"{'difference':12}{_figure(found.top_1_difference)}  {_figure(found.gap_difference)}")
    by_number = {trial.number: trial for trial in found.trials}
    for number in found.tuned.trials:
        trial = by_number[number]
        told = ", ".join(
            f"{visible(name.replace('_', ' '))} {visible(written(value))}"
            for name, value in trial.parameters.items()
        )
        lines.append(f"member {trial.member}: trial {number}: {told}")
    folder = Place(models) / TUNING
    config, page = visible(folder / MEMBERS), visible(folder / PAGE)
    return "\n".join([*lines, f"Train them: jobs/train.py --config {config}", f"Report: {page}"])


def _line(name: str, ensemble: EnsembleResult) -> str:
    return f"{name:12}{_figure(ensemble.top_1)}  {_figure(ensemble.gap)}"


def _figure(figure: Figure) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
