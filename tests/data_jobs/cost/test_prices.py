"""The price list: every figure has a unit, a page, a date and a mark whether it is confirmed."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from data_jobs.cost.prices import FILE, PriceError, load_prices

DOCUMENT: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
ENTRIES = {name: entry for name, entry in DOCUMENT.items() if isinstance(entry, dict)}
REGIONS = ("eu-west-1", "us-east-1")
FIGURES = [(name, region) for name in ENTRIES for region in REGIONS]


def test_the_list_has_the_date_of_its_review() -> None:
    assert isinstance(DOCUMENT["checked"], date)
    assert DOCUMENT["currency"] == "USD"


@pytest.mark.parametrize("name", ENTRIES)
def test_a_price_has_a_unit_a_page_and_every_region(name: str) -> None:
    assert set(ENTRIES[name]) == {"unit", "page", *REGIONS}
    assert ENTRIES[name]["page"].startswith(("Amazon ", "AWS ", "Elastic "))
    assert ENTRIES[name]["page"].count("Pricing") == 1


@pytest.mark.parametrize(("name", "region"), FIGURES)
def test_a_figure_is_positive_dated_and_marked(name: str, region: str) -> None:
    figure = ENTRIES[name][region]
    assert set(figure) - {"remark"} == {"usd", "as_of", "verified"}
    assert 0 < figure["usd"] < 100
    assert date(2020, 1, 1) < figure["as_of"] <= DOCUMENT["checked"]
    assert isinstance(figure["verified"], bool)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_figure_of_another_region_is_unconfirmed(name: str) -> None:
    for region in REGIONS:
        if "figure of" in ENTRIES[name][region].get("remark", ""):
            assert not ENTRIES[name][region]["verified"]


def test_each_price_is_used() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in FILE.parent.glob("*.py"))
    unused = [name for name in ENTRIES if f'"{name}"' not in source and not name.startswith("lambda_")]
    assert unused == []


def test_the_prices_of_a_region_are_those_of_the_file() -> None:
    prices = load_prices("us-east-1")
    assert (prices.region, prices.checked) == ("us-east-1", DOCUMENT["checked"])
    price = prices["http_api_request"]
    assert (price.usd, price.unit, price.verified) == (0.000001, "request", True)
    assert load_prices("eu-west-1")["http_api_request"].usd > price.usd


def test_an_unknown_region_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PriceError, match=r"'mars-north-1'; it has: eu-west-1, us-east-1"):
        load_prices("mars-north-1")


def test_an_item_without_a_price_is_refused() -> None:
    with pytest.raises(PriceError, match="no price named 'moon_dust'"):
        load_prices("eu-west-1")["moon_dust"]


def write(folder: Path, figure: str) -> Path:
    path = folder / "prices.toml"
    path.write_text(
        f'checked = 2026-01-01\n[thing]\nunit = "hour"\npage = "AWS Thing Pricing"\neu-west-1 = {{ {figure} }}\n',
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("figure", ["usd = 1.0, as_of = 2026-01-01", "as_of = 2026-01-01, verified = true"])
def test_an_incomplete_figure_is_refused(tmp_path: Path, figure: str) -> None:
    with pytest.raises(PriceError, match="each needs usd, as_of and verified"):
        load_prices("eu-west-1", write(tmp_path, figure))


def test_a_complete_figure_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, 'usd = 2.5, as_of = 2026-01-01, verified = false, remark = "a guess"')
    price = load_prices("eu-west-1", path)["thing"]
    assert (price.usd, price.unit, price.verified, price.remark) == (2.5, "hour", False, "a guess")


def test_a_region_must_have_every_price(tmp_path: Path) -> None:
    path = write(tmp_path, "usd = 1.0, as_of = 2026-01-01, verified = true")
    second_item = '\n[other]\nunit = "hour"\npage = "AWS Other Pricing"\n'
    figures = "".join(
        f"{region} = {{ usd = 1.0, as_of = 2026-01-01, verified = true }}\n" for region in ("eu-west-1", "us-east-1")
    )
    path.write_text(path.read_text(encoding="utf-8") + second_item + figures, encoding="utf-8")
    with pytest.raises(PriceError, match=r"no prices for the region 'us-east-1'; it has: eu-west-1$"):
        load_prices("us-east-1", path)
    assert set(load_prices("eu-west-1", path).prices) == {"thing", "other"}
