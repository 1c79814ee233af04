"""Request and response models, and the checks and errors of their fields."""
