"""Embedded state store, the default: everything in one SQLite file, ``state.db``."""
