"""A benchmark's figures for print and for the page: one a file, numbers and names in, a matplotlib figure out."""
