"""`users seed` stores only people whose films are served; build prints the command."""

import json
import shlex
from pathlib import Path

import pytest

from data_jobs.build import Order, build
from data_jobs.report import Silent
from data_jobs.sample.load import load_sample
from data_jobs.validate import Source
from services.cli.console import ExitCode
from tests.cli.conftest import Marquee
from tests.movielens_layout import write_movielens


def write_shop(folder: Path, prefix: str = "sku-", title: str = "Shop Film", films: int = 40) -> Source:
    """Write a catalogue, and likes by 30 people of ten of its films each."""
    folder.mkdir(exist_ok=True)
    catalogue, events = folder / "shop films.jsonl", folder / "events.jsonl"
    rows = [{"item_id": f"{prefix}{n}", "title": f"{title} {n}", "genres": ["Drama"]} for n in range(1, films + 1)]
    likes = [
        {"user_id": f"cust{person}", "item_id": f"{prefix}{(person * 7 + n * 3) % films + 1}", "event": "like",
         "ts": f"2024-01-{n + 1:02}"}
        for person in range(30) for n in range(10)
    ]  # fmt: skip
    for path, lines in ((catalogue, rows), (events, likes)):
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Source(catalogue=(catalogue,), events=events)


def options(source: Source) -> tuple[str, ...]:
    return ("--catalogue", str(source.catalogue[0]), "--events", str(source.events))


@pytest.fixture
def shop(empty_home: Path, tmp_path: Path) -> Source:
    """Build a bundle from the films of a shop."""
    source = write_shop(tmp_path / "shop")
    build(Order(home=empty_home, source=source), Silent())
    return source


def people_stored(marquee: Marquee, *ids: str) -> list[str]:
    return [each for each in ids if marquee("users", "export", each).code == 0]


@pytest.mark.parametrize("with_options", [True, False])
def test_without_an_active_bundle_no_people_are_stored(
    marquee: Marquee, empty_home: Path, tmp_path: Path, with_options: bool
) -> None:
    done = marquee("users", "seed", *(options(write_shop(tmp_path / "shop")) if with_options else ()))
    assert done.code == ExitCode.UNAVAILABLE
    assert "no bundle is active; run `marquee build`" in done.err
    assert not (empty_home / "state.db").exists()
    assert not (empty_home / "demo.json").exists()


def test_the_samples_viewers_are_not_stored_if_other_films_are_served(
    marquee: Marquee, shop: Source, empty_home: Path
) -> None:
    done = marquee("users", "seed")
    assert done.code == ExitCode.USAGE
    assert "is active, built from events.jsonl, shop films.jsonl" in done.err
    assert "--catalogue FILE --events FILE" in done.err
    assert not (empty_home / "state.db").exists()


def test_a_copy_of_the_samples_films_is_not_the_sample(marquee: Marquee, empty_home: Path, tmp_path: Path) -> None:
    write_movielens(load_sample()[0], tmp_path / "ml")
    assert marquee("build", "--encoder", "none", "--movielens", str(tmp_path / "ml")).code == 0
    assert marquee("users", "seed").code == ExitCode.USAGE
    assert marquee("users", "seed", "--movielens", str(tmp_path / "ml"), "--limit", "2").code == 0


@pytest.mark.parametrize("prefix", ["other-", "sku-"])
def test_people_of_other_films_are_refused_even_if_the_ids_match(
    marquee: Marquee, shop: Source, empty_home: Path, tmp_path: Path, prefix: str
) -> None:
    other_shop = write_shop(tmp_path / "other", prefix, "Another Film")
    done = marquee("users", "seed", *options(other_shop))
    assert done.code == ExitCode.FAILED
    assert "only 0 of these 300 events" in done.err
    assert "is active, built from events.jsonl, shop films.jsonl" in done.err
    assert "`marquee build`" in done.err
    assert not (empty_home / "state.db").exists()


def test_a_catalogue_without_events_has_no_people_to_seed(marquee: Marquee, shop: Source) -> None:
    done = marquee("users", "seed", "--catalogue", str(shop.catalogue[0]))
    assert done.code == ExitCode.FAILED
    assert "--events FILE" in done.err


def test_a_catalogue_that_grew_is_accepted(marquee: Marquee, shop: Source, tmp_path: Path) -> None:
    grown = write_shop(tmp_path / "grown", films=60)
    done = marquee("users", "seed", *options(grown), "--json").json
    assert (done["people"], done["events"]) == (30, 300)
    assert 0 < done["unknown_films"] < 150
    printed = marquee("users", "seed", *options(grown)).out
    assert f"{done['unknown_films']} events are on films not in the active bundle" in printed
    assert marquee("users", "seed", *options(shop), "--json").json["unknown_films"] == 0


def test_the_command_printed_by_build_stores_its_people(marquee: Marquee, empty_home: Path, tmp_path: Path) -> None:
    source = write_shop(tmp_path / "shop")
    built = marquee("build", "--encoder", "none", *options(source))
    last = built.out.splitlines()[-1]
    assert "30 people with 300 events" in last
    command = last[last.index("marquee users seed") :]
    assert people_stored(marquee, "cust0") == []
    assert marquee(*shlex.split(command)[1:]).code == 0
    assert people_stored(marquee, "cust0", "cust29") == ["cust0", "cust29"]
    assert marquee("recommend", "--user", "cust0", "--json").json["strategy"] == "personal"
    assert marquee("build", "--encoder", "none", *options(source), "--json").json["seed"] == command


def test_the_printed_command_activates_the_bundle_first(marquee: Marquee, empty_home: Path, tmp_path: Path) -> None:
    write_movielens(load_sample()[0], tmp_path / "ml")
    built = marquee("build", "--encoder", "none", "--no-activate", "--movielens", str(tmp_path / "ml"))
    (version,) = (path.name for path in (empty_home / "bundles").iterdir())
    expected = f"marquee bundle activate {version} && marquee users seed --movielens {tmp_path / 'ml'}"
    assert built.out.splitlines()[-1].endswith(expected)


def test_build_without_events_prints_no_seed_command(marquee: Marquee, empty_home: Path, tmp_path: Path) -> None:
    films = str(write_shop(tmp_path / "shop").catalogue[0])
    assert "users seed" not in marquee("build", "--encoder", "none", "--catalogue", films).out
    assert marquee("build", "--encoder", "none", "--catalogue", films, "--json").json["seed"] is None
