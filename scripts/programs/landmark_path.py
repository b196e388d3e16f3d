"""Puts what PYTHONPATH names behind this environment's packages, so that those of other programs stay out.

scripts/setup has Python import this whenever it starts in the environment.
"""

import os
import sys

if not sys.flags.ignore_environment:
    _named = {
        os.path.abspath(place)  # noqa: PTH100 - as Python itself writes them in sys.path
        for place in os.environ.get("PYTHONPATH", "").split(os.pathsep)
        if place
    }
    sys.path.sort(key=_named.__contains__)  # which keeps the order within both
