"""Rewards, selection and games of the nodes' economy."""
