"""Clip to trajectories to scores under a named protocol, and the record that is written."""
