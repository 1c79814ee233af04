"""Opening the recommender for one command, and closing it whatever happens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.bootstrap import Services


@contextmanager
def open_services() -> "Iterator[Services]":
    """State, keys and recommender by the settings. The bundle is opened when it is first asked for."""
    from services.bootstrap import build_services
    from services.settings import load_settings

    services = build_services(load_settings())
    try:
        yield services
    finally:
        services.close()
