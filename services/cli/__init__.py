"""Command line: `marquee`, one module per verb or verb group."""
