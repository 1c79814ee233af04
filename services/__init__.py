"""Marquee's online side: the recommender core, its adapters, the HTTP edge and the command line."""
