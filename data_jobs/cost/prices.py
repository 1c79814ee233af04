"""The price list ``prices.toml``: one figure per billed item and region."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from services.recommender.errors import MarqueeError

FILE = Path(__file__).with_name("prices.toml")
# Keys of the file that are not prices.
_HEADER = frozenset({"checked", "currency"})


class PriceError(MarqueeError):
    """A region or item without a price; the message names those that have one."""


@dataclass(frozen=True, slots=True)
class Price:
    """``usd`` US dollars for one ``unit``, as shown on the AWS page ``page`` at ``as_of``.

    ``verified``: found there or in AWS' Price List. Otherwise it is an unconfirmed list price; see ``remark``.
    """

    name: str
    usd: float
    unit: str
    page: str
    as_of: date
    verified: bool
    remark: str = ""


@dataclass(frozen=True, slots=True)
class PriceList:
    """The prices of one region by name; ``checked``: when the file was last reviewed."""

    region: str
    checked: date
    prices: Mapping[str, Price]

    def __getitem__(self, name: str) -> Price:
        """Return the price of an item. Raises PriceError if it is not in the file."""
        if name not in self.prices:
            raise PriceError(f"{FILE.name} has no price named {name!r}; it has: {', '.join(sorted(self.prices))}")
        return self.prices[name]


def load_prices(region: str, path: Path = FILE) -> PriceList:
    """Read the prices of a region.

    Raises PriceError if the region has no prices, or a line of the file is incomplete.
    """
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    entries = {name: entry for name, entry in document.items() if name not in _HEADER}
    priced = sorted(set.intersection(*(_regions(entry) for entry in entries.values())))
    if region not in priced:
        raise PriceError(f"{path.name} has no prices for the region {region!r}; it has: {', '.join(priced)}")
    try:
        prices = {name: _price(name, entry, entry[region]) for name, entry in entries.items()}
        return PriceList(region, document["checked"], prices)
    except (KeyError, TypeError) as error:
        raise PriceError(f"{path.name}: a line is incomplete ({error}); each needs usd, as_of and verified") from error


def _regions(entry: Mapping[str, Any]) -> set[str]:
    return {key for key, value in entry.items() if isinstance(value, dict)}


def _price(name: str, entry: Mapping[str, Any], figure: Mapping[str, Any]) -> Price:
    return Price(name=name, unit=entry["unit"], page=entry["page"], **figure)
