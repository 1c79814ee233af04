"""What types for TypeScript are made with: its versions are in ``package-lock.json``."""
