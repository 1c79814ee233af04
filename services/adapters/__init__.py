"""Adapters of the ports, one folder a port; they know a technology and the core, nothing else."""
