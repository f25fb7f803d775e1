"""What one looks at: the table, the page, the figures."""
