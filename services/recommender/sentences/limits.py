"""How long a sentence may be."""

MAX_WORDS = 22
# No word of any evidence is as long as a line of one.
MAX_LENGTH = 320
