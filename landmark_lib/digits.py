"""Measured values as text, with as many digits as they need.

A chance of one in 15,000 is not 0.000, and 14,999 right predictions of 15,000 are not 1.000: a value between
none and all is never rounded to either. Tables, log lines and pages all write values this way.
"""

import math

NOTHING = "-"  # no value
EXTRA_PLACES = 3  # more decimals than requested, before only a bound is written
UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
MIN_P_VALUE = 0.001  # below, only the bound is written


def decimal(value: float | None, places: int = 3, *, signed: bool = False) -> str:
    """Return a value as 0.953, with more decimals where it would round to 0 or 1.

    Args:
        value: None and NaN become "-".
        places: Decimals. A value closer to 0 or 1 than the last decimal shows two digits of the distance:
            0.000067, 0.99970. If that takes more than three extra decimals: "< 0.000001" or "> 0.999999".
        signed: Whether a positive value has a sign, as differences do.
    """
    if value is None or math.isnan(value):
        return NOTHING
    size = abs(value)
    text = _digits(size, 1 - size if size < 1 else math.inf, places)
    return _with_sign(text, value) if value < 0 or (signed and value) else text


def share(part: float | None, whole: float = 1) -> str:
    """Return a part of a whole in per cent; only none is 0 %, and only all is 100 %."""
    if part is None or math.isnan(part):
        return NOTHING
    if part in (0, whole):
        return "100 %" if part else "0 %"
    return f"{_digits(100 * (part / whole), 100 * ((whole - part) / whole), 1, whole=100)} %"


def points(difference: float | None) -> str:
    """Return a difference of shares in percentage points, with its sign: +7.1."""
    if difference is None or math.isnan(difference):
        return NOTHING
    text = _digits(100 * abs(difference), math.inf, 1)
    return _with_sign(text, difference) if difference else text


def p_value(value: float) -> str:
    """Return the p value of a test: p = 0.041, p < 0.001."""
    return f"p < {MIN_P_VALUE}" if value < MIN_P_VALUE else f"p = {decimal(value)}"


def number(count: float) -> str:
    """Return 1234567 as 1,234,567, with one decimal for small numbers that are not whole."""
    return _digits(count, math.inf, 1) if 0 < count < 100 and count != int(count) else f"{count:,.0f}"


def dollars(amount: float) -> str:
    """Return an amount of money as 1,234.50 $."""
    return f"{amount:,.2f} $"


def size(count: float) -> str:
    """Return a number of bytes in the largest unit with a value of at least 1: 1.2 MB."""
    power = 0
    while count >= 1000 and power < len(UNITS) - 1:
        count, power = count / 1000, power + 1
    return f"{count:,.0f} {UNITS[power]}" if power == 0 or count >= 100 else f"{count:.1f} {UNITS[power]}"


def duration(seconds: float) -> str:
    """Return seconds as 0.4 s, 12 s, 3 min 5 s or 2 h 4 min."""
    if seconds < 10:
        return f"{_digits(seconds, math.inf, 1)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60:,} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _digits(size: float, rest: float, places: int, whole: float = 1) -> str:
    """Return a value of at least 0 as text; `rest` is its distance from `whole`, or infinite."""
    near, last, finest = min(size, rest), 10**-places, 10 ** -(places + EXTRA_PLACES)
    if size == 0 or near >= last:
        return f"{size:.{places}f}"
    if near < finest:
        bound = finest if size <= rest else whole - finest
        return f"{'<' if size <= rest else '>'} {bound:.{places + EXTRA_PLACES}f}"
    # The exponent of the two digits shown, after rounding.
    exponent = int(f"{near:.1e}".partition("e")[2])
    return f"{size:.{1 - exponent}f}"


def _with_sign(text: str, value: float) -> str:
    comparison, _, digits = text.rpartition(" ")
    if value < 0:
        comparison = {"<": ">", ">": "<"}.get(comparison, "")
    return f"{comparison} {'-' if value < 0 else '+'}{digits}".lstrip()
