"""The check counts films, names what is missing, and runs on the sample catalogue."""

import pytest

from data_jobs.evaluate.panel.__main__ import main
from data_jobs.evaluate.panel.check import check
from data_jobs.evaluate.panel.entries import PanelFilm, PanelPart, PanelQuery, Want
from data_jobs.evaluate.panel.entry_files import read_panel
from data_jobs.evaluate.panel.predicate import parse
from data_jobs.sample.load import load_sample
from tests.data_jobs.evaluate import kit
from tests.data_jobs.evaluate.panel import cinema
from tests.movielens_layout import write_movielens

WESTERN = parse({"any_genre": "Western"})


def test_one_line_per_entry():
    listed = parse({"not": {"any": [{"films": ["Casablanca (1942)"]}, {"language": "fr", "year_to": 1950}]}})
    entries = [
        cinema.entry(
            PanelQuery("western"), part=PanelPart.QUERIES, name="western", wants=(Want(WESTERN),), never=listed
        ),
        cinema.entry(
            PanelQuery("any"), part=PanelPart.QUERIES, name="any", wants=(Want(parse({"year_from": 1900}), 10, 10),)
        ),
        cinema.entry(PanelFilm("Jaws (1975)"), part=PanelPart.SIMILAR, name="Jaws", wants=(Want(WESTERN),)),
    ]
    assert list(check(entries, kit.dataset())) == [
        "queries, western: 30 films for 7 of 10, 90 must not be there",
        "queries, any: 90 films for 10 of 10, POPULARITY PASSES",
        "skipped: similar, Jaws: not in the catalogue: Jaws (1975)",
        "films of a list that are not in the catalogue: Casablanca (1942)",
        "queries: 2 entries, popularity passes 1 (50.0%)",
    ]


@pytest.fixture(scope="module")
def of_the_sample() -> list[str]:
    return list(check(read_panel(), load_sample()[0]))


def test_the_panel_is_checked_on_the_sample_catalogue(of_the_sample):
    skipped = [line for line in of_the_sample if line.startswith("skipped: ")]
    totals = [line for line in of_the_sample if "popularity passes" in line]
    assert [line.split(":")[0] for line in totals] == list(PanelPart)
    assert len(of_the_sample) - len(totals) - 1 == len(read_panel())
    assert 0 < len(skipped) < len(read_panel())


def test_popularity_passes_little_of_the_panel(of_the_sample):
    shares = [line.rsplit("(", 1)[1] for line in of_the_sample if "popularity passes" in line]
    assert all(float(share.rstrip("%)")) <= 20 for share in shares)


def test_the_check_is_a_command(capsys, tmp_path):
    write_movielens(kit.dataset(), tmp_path)
    main(["--movielens", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("skipped: ") for line in lines) > 200
    assert any(line.startswith("queries, letters side by side") for line in lines)
