"""The examples in the docstrings of the method run as written."""

import doctest
import importlib
import pkgutil

import pytest

from landmark_lib import method

MODULES = [module.name for module in pkgutil.iter_modules(method.__path__)]
WITH_EXAMPLES = {"downsampling", "epochs", "hold_out", "metrics", "sampling_plan", "upsampling", "vote"}


@pytest.mark.parametrize("name", MODULES)
def test_examples_run_as_written(name):
    result = doctest.testmod(importlib.import_module(f"{method.__name__}.{name}"))
    assert result.failed == 0
    assert result.attempted > 0 or name not in WITH_EXAMPLES


def test_the_package_lists_every_module():
    for name in MODULES:
        assert f"\n- `{name}`: " in method.__doc__
