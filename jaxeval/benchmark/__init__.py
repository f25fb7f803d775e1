"""Methods against references: perturbations, tables, figures and the page to look at."""
