"""Bundles on disk: format, reader, writer, and the pointer to the active one."""
