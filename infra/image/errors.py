"""Errors of laying out an image."""


class LayoutError(Exception):
    """A tool or an input is missing, or a download failed; the message says what to do."""
