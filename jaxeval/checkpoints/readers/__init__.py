"""Readers of upstream files' formats; none executes anything that a file holds."""
