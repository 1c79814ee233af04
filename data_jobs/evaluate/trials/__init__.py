"""Trials of other models: what would find more than today's tables, tried by its published recipe, and what not."""
