"""One construct a concern; the app stack strings them together."""
