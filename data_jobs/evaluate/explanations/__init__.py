"""Are the sentences true, short, varied and easy to read? Template and model side by side, on the same answers."""
