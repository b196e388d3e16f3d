"""Move the directories of PYTHONPATH behind this environment's packages, so that these take precedence.

scripts/setup makes Python import this whenever it starts in the environment.
"""

import os
import sys

if not sys.flags.ignore_environment:
    _named = {
        os.path.abspath(place)  # noqa: PTH100 - the form that Python uses in sys.path
        for place in os.environ.get("PYTHONPATH", "").split(os.pathsep)
        if place
    }
    sys.path.sort(key=_named.__contains__)  # stable: keeps the order within both groups
