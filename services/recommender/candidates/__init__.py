"""Which films are considered: search, and the best of the whole catalogue."""
