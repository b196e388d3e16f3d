"""Hypothesis for the pure functions."""

from hypothesis import settings

# A deadline measures how busy the machine is, not whether the method is right.
settings.register_profile("method", deadline=None)
settings.load_profile("method")
