"""Measure the speed and memory of one release: over HTTP against a real server process, and the pipeline alone."""
