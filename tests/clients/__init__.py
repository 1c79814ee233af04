"""Generation of TypeScript types; the versions of its tools are in ``package-lock.json``."""
