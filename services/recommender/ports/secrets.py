"""Port for secrets of the API: the pepper of API keys, the origin header's value."""

from typing import Protocol


class SecretPort(Protocol):
    """Accepted values of one secret, newest first; more than one during rotation."""

    @property
    def is_cached(self) -> bool:
        """Whether the values can be read without blocking."""
        ...

    def __call__(self) -> tuple[str, ...]:
        """Return the values. Raises SecretUnavailable if they cannot be read."""
        ...
