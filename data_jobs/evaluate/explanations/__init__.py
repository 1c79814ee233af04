"""Are explanations true, short, varied and easy to read? Template and model compared on the same responses."""
