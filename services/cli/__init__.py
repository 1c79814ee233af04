"""The command line, `marquee`, a file a verb group."""
