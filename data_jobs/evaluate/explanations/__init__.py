"""Are explanations true, short, varied and easy to read? Compares template and model on the same responses."""
