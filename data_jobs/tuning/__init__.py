"""Choose the ranking's weights by a search on splits of the training data."""
