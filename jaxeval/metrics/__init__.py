"""Arrays in, scores out: pictures, faces, motion, synchronisation, timing and whole sets; frame-wise and aligned."""
