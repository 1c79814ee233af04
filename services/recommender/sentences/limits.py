"""Length limits of sentences."""

MAX_WORDS = 22
# Generous: no real sentence of 22 words is this long.
MAX_LENGTH = 320
