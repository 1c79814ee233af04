"""The sample catalogue: well-known films in Marquee's own format, and their simulated viewers."""
