"""Free text, understood: what of a query is a condition, what is a title, and what is left to search for."""
