"""A TypeScript client: ``use.ts`` uses the generated types; the versions of its tools are in ``package-lock.json``."""
