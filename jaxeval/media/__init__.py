"""Real files in, arrays out: decoding, resampling, faces, tracks and crops."""
