"""Speed, measured: one file a topic, `python -m benchmarks` for all of them in one table."""
