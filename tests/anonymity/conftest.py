"""Property tests without a clock: a loaded machine is no reason to fail."""

from hypothesis import settings

settings.register_profile("anonymity", deadline=None)
settings.load_profile("anonymity")
