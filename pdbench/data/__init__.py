"""Test sets and training crops."""
