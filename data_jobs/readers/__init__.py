"""Read the three input formats: the MovieLens CSV layout, TMDB JSON lines, and Marquee's own."""
