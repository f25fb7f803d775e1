"""Aligned evaluation of talking heads, and of any generated sequence, in JAX."""
