"""Readers for exports of other services: ratings, likes, watched films and watchlists."""
