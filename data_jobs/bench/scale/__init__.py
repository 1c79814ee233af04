"""How cost grows with the number of films and of ratings, measured on made-up data."""
