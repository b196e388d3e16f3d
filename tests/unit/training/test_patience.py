"""The timeout counts checks, and warnings become ever rarer."""

from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.training.watchdog import SECONDS_BETWEEN_CHECKS, Patience, Verdict


@given(st.floats(0.5, 2000), st.integers(0, 5000))
def test_timeout_counts_checks(limit, checks):
    patience = Patience(limit)
    verdicts = [patience.check() for _ in range(checks)]
    assert patience.waited == checks * SECONDS_BETWEEN_CHECKS
    ends = patience.waited >= limit
    assert (Verdict.END in verdicts) == ends
    patience.alive()
    assert patience.waited == 0


def test_warnings_come_after_30_seconds_and_then_ever_more_rarely():
    patience = Patience(600)
    verdicts = [patience.check() for _ in range(1200)]
    warned = [
        (number + 1) * SECONDS_BETWEEN_CHECKS
        for number, verdict in enumerate(verdicts)
        if verdict is Verdict.WARN
    ]
    assert warned == [30, 60, 120, 240, 480]
    assert verdicts[-1] is Verdict.END
