"""Methods × datasets: what is compared on what, by which clips."""
