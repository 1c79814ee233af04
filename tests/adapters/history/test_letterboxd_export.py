"""A Letterboxd export of 634 well-known films of 1915 to 2022, written as people's exports are, against the sample."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from data_jobs.catalogue import build_catalogue
from data_jobs.sample.load import load_sample
from services.adapters.history.reading import read_history
from services.recommender.domain.catalogue import Catalogue
from services.recommender.names.finder import Finder
from services.recommender.names.folding import bare, words_of
from services.recommender.names.names import Names
from services.recommender.names.row_matching import Matcher

FILMS = [line.split("|") for line in Path(__file__).with_name("films_500.txt").read_text("utf-8").splitlines()]
# Checked by hand: the sample has these films under another spelling.
SPELT_OTHERWISE = {("three colours blue", 1993): "Three Colors: Blue"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    sample, _ = load_sample()
    return build_catalogue(sample.films, sample.events)


@pytest.fixture(scope="module")
def matcher(catalogue: Catalogue) -> Matcher:
    return Matcher(Finder(Names.of(catalogue), catalogue, catalogue.votes.astype(np.float32)))


def spelling(title: str, at: int) -> str:
    """A title in one of four spellings: unchanged, article last, in capitals, with typographic marks."""
    first, _, rest = title.partition(" ")
    moved = f"{rest}, {first}" if first in ("The", "A", "An") and rest else title
    return (title, moved, title.upper(), title.replace("'", "\u2019").replace(" and ", " & "))[at % 4]


def export() -> bytes:
    """A zip of ratings, the films watched, films liked and a watchlist."""
    names = ("ratings.csv", "watched.csv", "likes/films.csv", "watchlist.csv")
    tables = dict.fromkeys(names, "Date,Name,Year,Letterboxd URI")
    tables = {name: head + (",Rating" if name == "ratings.csv" else "") + "\n" for name, head in tables.items()}
    for at, (title, year) in enumerate(FILMS):
        shown = spelling(title, at // 4).replace('"', '""')
        name = names[at % 4]
        stars = f",{(at % 10 + 1) / 2:g}" if name == "ratings.csv" else ""
        tables[name] += f'2024-01-{at % 28 + 1:02},"{shown}",{year},https://boxd.it/{at}{stars}\n'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in tables.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def test_films_of_the_sample_are_matched_and_no_others(catalogue: Catalogue, matcher: Matcher) -> None:
    by_name: dict[str, list[int]] = {}
    for row, title in enumerate(catalogue.titles):
        by_name.setdefault(" ".join(bare(words_of(title))), []).append(row)
    history = read_history("letterboxd-somebody.zip", export())
    assert len(history.rows) == len(FILMS) == 634
    expected = matched = 0
    languages, years = set[str](), set[int]()
    for row in history.rows:
        match = matcher.match(row).row
        name = " ".join(bare(words_of(row.titles[0])))
        namesakes = by_name.get(name, [])
        candidates = [film for film in namesakes if abs(int(catalogue.years[film]) - (row.year or 0)) <= 1]
        expected += bool(candidates)
        if match >= 0:
            title = catalogue.titles[match]
            matched += bool(candidates)
            respelt = SPELT_OTHERWISE.get((name, row.year or 0)) == title
            assert match in candidates or respelt, f"{row.titles[0]} ({row.year}) is not {title}"
            languages.add(catalogue.languages[catalogue.language_codes[match]])
            years.add(int(catalogue.years[match]))
    assert (len(languages) >= 5, len(years) >= 20) == (True, True)
    assert expected >= 370
    assert matched >= 0.98 * expected
