"""Opening the recommender for one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.bootstrap import Services


@contextmanager
def open_services() -> "Iterator[Services]":
    """Open state, keys and recommender by the settings, then close them; the bundle is opened on first use."""
    from services.bootstrap import build_services
    from services.settings import load_settings

    services = build_services(load_settings())
    try:
        yield services
    finally:
        services.close()
