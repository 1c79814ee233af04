"""Attacks on a running server, for `make attack`: long trials of the promises in docs/faults.md, with counts."""
