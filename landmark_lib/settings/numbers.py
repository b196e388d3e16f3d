"""Numbers as users write them, read in the same way by every setting."""

import math
import re

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
WHOLE = "a whole number"
NUMBER = "a number"


def read_whole(text: str) -> int:
    """Return a whole number of at most 64 bits, written as digits with an optional sign.

    Raises:
        ValueError: It is written otherwise, like 1.9, 1e2, 0x10 and 1_000, or is too large.
    """
    if not _WHOLE.fullmatch(text.strip()):
        raise ValueError(text)
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise ValueError(text)
    return number


def read_number(text: str) -> float:
    """Return a finite decimal number.

    Raises:
        ValueError: It is written otherwise, like 0x10, 1_000 and 1:30, or is infinite or NaN.
    """
    if not _NUMBER.fullmatch(text.strip()) or not math.isfinite(float(text)):
        raise ValueError(text)
    return float(text)
