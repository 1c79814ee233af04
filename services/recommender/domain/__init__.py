"""What the recommender is about: films, people's events, tables, weights. Data and small laws, no I/O."""
