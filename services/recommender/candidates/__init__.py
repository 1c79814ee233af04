"""Which films come into question: search, and the best of the whole catalogue."""
