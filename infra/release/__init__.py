"""Releasing and mending a deployment: shell scripts for releases, and a copy of tables in Python."""
