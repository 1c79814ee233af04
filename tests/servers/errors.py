"""What can go wrong between a test and its server."""


class CannotRun(Exception):
    """This machine lacks something the servers need; the message says what was found and what is needed."""


class DidNotStart(Exception):
    """A server ended or stayed silent while it started; the message ends with the tail of its log."""
