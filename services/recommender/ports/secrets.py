"""Secrets of the edge: what API keys are made with, what the distribution in front shows."""

from typing import Protocol


class SecretPort(Protocol):
    """The values of one secret that count now, newest first; more than one while it is being rotated."""

    @property
    def is_at_hand(self) -> bool:
        """Whether to read it means to wait for nobody."""
        ...

    def __call__(self) -> tuple[str, ...]:
        """The values. Raises SecretUnavailable if it can't be read."""
        ...
