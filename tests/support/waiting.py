"""Waiting for what another process does."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def wait_until(looks: Callable[[], Result], seconds: float = 120) -> Result:
    """Look again and again until there is something to see, and give it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if seen := looks():
            return seen
        time.sleep(0.005)  # leaves the processor to the others; nothing depends on how long
    raise AssertionError(f"nothing happened in {seconds} seconds")
