"""What films go by: an index of titles, other titles and people, and the ways to ask it."""
