"""Numbers and lists as readers want them; nothing here decides anything."""

import math
from collections.abc import Sequence

MISSING = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"


def number(value: float, missing: str = MISSING) -> str:
    """About three significant digits without exponents: 123, 45.6, 7.19, 0.912, 0."""
    if math.isnan(value):
        return missing
    if value == 0:
        return "0"
    # Values that rounding brings to the next power of ten take its number of digits: 9.996 is 10.0, not 10.00.
    for limit, digits in ((0.9995, 3), (9.995, 2), (99.95, 1)):
        if abs(value) < limit:
            return f"{value:.{digits}f}"
    return f"{value:,.0f}" if math.isfinite(value) else "∞"


def exact(value: float, missing: str = MISSING) -> str:
    """A value that somebody else printed, with their digits: 0.37 stays 0.37."""
    return missing if math.isnan(value) else f"{value:g}"


def interval(low: float, high: float, missing: str = MISSING) -> str:
    """`6.10 to 8.31`, or `missing` where there is none."""
    return missing if math.isnan(low) or math.isnan(high) else f"{number(low)} to {number(high)}"


def minutes(value: float, missing: str = MISSING) -> str:
    """A duration given in minutes, in the unit that suits it: `42 s`, `3.4 min`, `9.5 h`."""
    if math.isnan(value):
        return missing
    if value < 0.995:
        return f"{value * 60:.0f} s" if value * 60 >= 9.95 else f"{value * 60:.1f} s"
    return f"{value:.1f} min" if value < 99.95 else f"{value / 60:.1f} h"


def memory(megabytes: float, missing: str = MISSING) -> str:
    """`512 MB` or `3.4 GB`."""
    if math.isnan(megabytes):
        return missing
    return f"{megabytes:.0f} MB" if megabytes < 999.5 else f"{megabytes / 1000:.1f} GB"


def listing(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), *names[-1:]])


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """`1 clip`, `3 clips`, `1,024 samples`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
