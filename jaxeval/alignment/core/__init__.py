"""What Soft-DTW rests on and one need not read: arithmetics, wavefront, bands, tiles, derivatives."""
