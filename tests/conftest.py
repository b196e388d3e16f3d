"""What the tests of all tiers share."""

from hypothesis import settings

pytest_plugins = ("corpus_fixtures", "model_fixtures", "page_fixtures")

# A deadline measures how busy the machine is, not whether the code is right.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
