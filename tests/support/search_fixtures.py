"""A search of two members, and the trials that its workers claim."""

from typing import Any

import pytest

MEMBERS = 2


def opened(models: object, fingerprint: str = "rows", **settings: object) -> Any:
    """Open the search in a directory of models."""
    from landmark_lib.settings import TuneSettings, from_flat
    from landmark_lib.tuning.study import SharedStudy

    return SharedStudy(from_flat(TuneSettings, {"models": str(models), **settings}), MEMBERS, fingerprint)


@pytest.fixture
def claimed():
    """Claim a trial, and release it when the test is over."""
    claims = []

    def claim(study):
        claims.append(study.claim())
        return claims[-1]

    yield claim
    for one in claims:
        one.lock.close()
