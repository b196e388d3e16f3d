"""Patience is counted in looks, and warnings come ever more rarely."""

from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.training.watchdog import SECONDS_BETWEEN_LOOKS, Patience, Verdict


@given(st.floats(0.5, 2000), st.integers(0, 5000))
def test_looks_are_what_counts(limit, looks):
    patience = Patience(limit)
    verdicts = [patience.look() for _ in range(looks)]
    assert patience.waited == looks * SECONDS_BETWEEN_LOOKS
    gives_up = patience.waited >= limit
    assert (Verdict.GIVE_UP in verdicts) == gives_up
    patience.alive()
    assert patience.waited == 0


def test_warnings_come_after_30_seconds_and_then_ever_more_rarely():
    patience = Patience(600)
    verdicts = [patience.look() for _ in range(1200)]
    warned = [
        (number + 1) * SECONDS_BETWEEN_LOOKS
        for number, verdict in enumerate(verdicts)
        if verdict is Verdict.WARN
    ]
    assert warned == [30, 60, 120, 240, 480]
    assert verdicts[-1] is Verdict.GIVE_UP
