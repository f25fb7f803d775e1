"""What a run found: scores and their catalogue, records, the document, comparison. Nothing here imports JAX."""
