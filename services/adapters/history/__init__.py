"""Exports of other services: what a person rated, liked, watched and wants to watch there."""
