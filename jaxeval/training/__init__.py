"""Metrics inside a training loop."""
