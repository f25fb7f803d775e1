"""Controlled changes of a clip: of its picture, its timing, its face."""
