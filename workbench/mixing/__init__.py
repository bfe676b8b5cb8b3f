"""Many packets, as arrays: traffic, strategies, the exact observer."""
