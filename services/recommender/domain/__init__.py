"""Domain model: films, people's events, tables, weights. Data and pure functions, no I/O."""
