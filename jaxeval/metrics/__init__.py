"""Arrays in, scores out: image, perceptual, identity and motion metrics, frame-wise and aligned."""
