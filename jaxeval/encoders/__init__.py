"""Frozen networks as Flax NNX modules, one file each, under the field's names."""
