"""Film name search: an index of titles, alternative titles and people, and the queries on it."""
