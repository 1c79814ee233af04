"""The embedded default: everything in one SQLite file, ``state.db``."""
