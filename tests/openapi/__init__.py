"""The API's description: the committed snapshot, and what in a new one would break a client."""
