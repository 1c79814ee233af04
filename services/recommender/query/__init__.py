"""Query understanding: which parts of a free-text query are conditions, titles, or words to search for."""
