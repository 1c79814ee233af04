"""Training beyond one machine: what Apache Spark counts, for ``marquee build --gram``."""
