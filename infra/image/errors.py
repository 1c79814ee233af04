"""What can go wrong while an image is laid out."""


class LayoutError(Exception):
    """A tool is missing, a download failed or an input is not there; the message says what to do."""
