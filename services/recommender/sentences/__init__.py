"""What a sentence about a film may say: its words, what it may name, and the check of those that others wrote."""
