"""What can go wrong between a test and its server."""


class CannotRun(Exception):
    """This machine lacks something that the servers need; the message says what it has and what is needed."""


class DidNotStart(Exception):
    """A server exited or did not answer in time while starting; the message ends with the tail of its log."""
