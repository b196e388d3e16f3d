"""The tiers: which tests go to one worker together, in which order, and what each tier took.

Tests go to a worker by the name of their group (`--dist loadgroup`), in the order of the collection.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

TIERS = ("unit", "engine", "path")
LONGEST = 600  # seconds, for the order alone
# Fixtures of tests that go to one worker, as what they start is to be started once.
ENGINES = {
    "ranks": "two ranks",
    "quick_spark": "Spark",
    "two_runs": "Spark",
    "reports": "pages",
    "measured": "pages",
    "browser": "pages",
}


def tier_of(nodeid: str) -> str | None:
    """Return the tier of a test, by its folder."""
    parts = Path(nodeid.partition("::")[0]).parts
    return parts[1] if parts[:1] == ("tests",) and len(parts) > 1 and parts[1] in TIERS else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Set the group of each test, and sort those first that take longest."""
    seconds: dict[str, float] = defaultdict(float)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
        takes = item.get_closest_marker("takes")
        long = takes.args[0] if takes else LONGEST if _group(item) in ENGINES.values() else 0
        seconds[_group(item)] = max(seconds[_group(item)], long)
    items.sort(key=lambda item: (_tier_number(item), -seconds[_group(item)]))


def _tier_number(item: pytest.Item) -> int:
    tier = tier_of(item.nodeid)
    return TIERS.index(tier) if tier else len(TIERS)


def _group(item: pytest.Item) -> str:
    """Return the group of tests that share a worker with a test: for an engine, for fixtures, or none."""
    module, in_path = item.nodeid.partition("::")[0], tier_of(item.nodeid) == "path"
    engine = next((engine for name, engine in ENGINES.items() if name in item.fixturenames), None)
    if engine and not (in_path and engine == "Spark"):  # whose data sets all workers share
        return engine
    if not in_path:
        return module
    own = [name for name in item.fixturenames if _is_shared(item, name, module)]
    return " ".join([module, *own]) if own else item.nodeid.replace("@", " ")


def _is_shared(item: pytest.Item, fixture: str, module: str) -> bool:
    """Return whether a fixture is made once for several tests of a module."""
    definitions = item._fixtureinfo.name2fixturedefs.get(fixture)
    return bool(definitions) and definitions[-1].scope == "module" and definitions[-1].baseid == module


@dataclass
class Times:
    """What a tier took.

    Attributes:
        tests: How many tests ran or were skipped.
        seconds: Of all of them, one after another.
        begun: When the first began.
        ended: When the last ended.
    """

    tests: int = 0
    seconds: float = 0.0
    begun: float = float("inf")
    ended: float = 0.0

    def add(self, report: pytest.TestReport) -> None:
        """Count a phase of a test."""
        self.tests += report.when == "setup"
        self.seconds += report.duration
        self.begun, self.ended = min(self.begun, report.start), max(self.ended, report.stop)


class Summary:
    """Prints at the end how long each tier took, and what was skipped and why."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._times: dict[str, Times] = defaultdict(Times)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record a phase of a test."""
        if tier := tier_of(report.nodeid):
            self._times[tier].add(report)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write a line for each tier, and one of what was skipped."""
        for tier in TIERS:
            if tier in self._times:
                times = self._times[tier]
                terminalreporter.write_line(
                    f"tests/{tier}: {times.tests:,} tests in {_minutes(times.ended - times.begun)},"
                    f" {_minutes(times.seconds)} one after another"
                )
        skipped = terminalreporter.stats.get("skipped", [])
        reasons = Counter(_reason(report) for report in skipped)
        if reasons:
            listed = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common())
            terminalreporter.write_line(f"{len(skipped)} skipped: {listed}")


def _minutes(seconds: float) -> str:
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s" if seconds >= 100 else f"{seconds:.0f} s"


def _reason(report: pytest.TestReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark for long tests. Only the main process prints the times, not the workers."""
    config.addinivalue_line("markers", "takes(seconds): takes about so long, so it begins early")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Summary())
