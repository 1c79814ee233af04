"""Adapters of the ports, one folder per port; they import only their technology and the core."""
