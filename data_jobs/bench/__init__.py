"""Speed and memory of one release, measured: over HTTP against a real server process, and of the pipeline alone."""
