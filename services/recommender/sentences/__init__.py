"""Rules for explanation sentences: vocabulary, permitted names, and the check of model-written sentences."""
