"""Attacks on a running server, for `make attack`: what docs/faults.md promises, tried at length, with counts."""
