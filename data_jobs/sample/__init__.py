"""The sample catalogue: well-known films in Marquee's own format, and simulated viewers of them."""
