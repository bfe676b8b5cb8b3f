"""Sphinx packets, byte for byte Nym's."""
