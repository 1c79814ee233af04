"""Release and repair a deployment: shell scripts for releases, and table copying in Python."""
