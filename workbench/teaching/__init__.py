"""Predictions, checks with hints, progress; knows nothing of mix networks."""
