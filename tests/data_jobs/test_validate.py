"""Reading a source: which options go together, progress, and the report of a failed reading."""

from pathlib import Path

import pytest

from data_jobs.records import Dataset, Events, Film
from data_jobs.report import DataError, Report
from data_jobs.sample.load import SIMULATED, load_sample, sample_files
from data_jobs.sample.simulate import simulate
from data_jobs.validate import Source, load, load_own
from tests.movielens_layout import METADATA, write_movielens


class StepLog:
    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int | None]] = []

    def advance(self, step: str, done: int, total: int | None) -> None:
        self.steps.append((step, done, total))


FILMS = tuple(
    Film(
        item_id=str(row),
        title=f"The {word} Road",
        year=1950 + row,
        genres=("Drama", "Family") if row % 2 else ("Science Fiction",),
        directors=("Ada North", "Bo South"),
        cast=("Cy West",),
        keywords=("road", word.lower()),
        overview=f'A road, "{word}", leads out of town.',
        tagline="Go.",
        runtime=90 + row,
        language="en",
        tmdb_id=1000 + row,
        imdb_id=f"tt{row:07d}",
        vote_average=7.0,
        vote_count=50,
        popularity=float(row),
        poster_path=f"/{row}.jpg",
        tags=("long", "winding"),
    )
    for row, word in enumerate(["Amber", "Blue", "Coral", "Dun", "Ebony", "Fawn", "Grey", "Hazel"], 1)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_movielens(Dataset(FILMS, simulate(FILMS, viewers=12), ("invented",)), tmp_path / "ml")
    return tmp_path / "ml"


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"movielens": Path("a"), "catalogue": (Path("b"),)},
        {"catalogue": (Path("b"),), "tmdb": Path("c")},
        {"movielens": Path("a"), "events": Path("d")},
        {"events": Path("d")},
    ],
)
def test_contradictory_sources_are_refused(names: dict[str, Path]) -> None:
    with pytest.raises(DataError):
        Source(**names)  # type: ignore[arg-type]


def test_a_written_dataset_is_read_back(folder: Path) -> None:
    data, report = load(Source(movielens=folder, tmdb=folder / METADATA))
    assert data.films == FILMS
    events = simulate(FILMS, viewers=12)
    assert [data.events.user_ids[code] for code in data.events.user] == [events.user_ids[code] for code in events.user]
    for name in ("value", "ts_ms"):
        assert sorted(getattr(data.events, name)) == sorted(getattr(events, name))
    assert not report.findings


def test_movielens_without_metadata_has_fewer_fields(folder: Path) -> None:
    data, report = load(Source(movielens=folder))
    assert data.films[0].title == "The Amber Road"
    assert data.films[0].tags == ("long", "winding")
    assert data.films[0].imdb_id == "tt0000001"
    assert data.films[0].overview == ""
    assert report.ok


def test_progress_names_the_files(folder: Path) -> None:
    progress = StepLog()
    load(Source(movielens=folder, tmdb=folder / METADATA), progress)
    names = {step for step, _, _ in progress.steps}
    assert names == {"reading movies.csv", "reading ratings.csv", f"reading {METADATA}"}
    for name in names:
        last = [entry for entry in progress.steps if entry[0] == name][-1]
        assert last[1] == last[2] > 0


def test_findings_before_a_fatal_error_are_kept(folder: Path) -> None:
    movies = folder / "movies.csv"
    movies.write_text(movies.read_text() + "1,Copy (1990),Drama\n")
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n")
    report = Report()
    with pytest.raises(DataError):
        load(Source(movielens=folder), report=report)
    assert report.counts["duplicate-film"] == 1
    assert report.counts["empty-file"] == 1


def test_the_same_files_give_the_same_data(folder: Path) -> None:
    (first, _), (second, _) = load(Source(movielens=folder)), load(Source(movielens=folder))
    assert first.films == second.films
    assert first.events.user_ids == second.events.user_ids
    assert first.events.value.tobytes() == second.events.value.tobytes()


def test_events_go_with_a_catalogue(tmp_path: Path) -> None:
    (tmp_path / "films.jsonl").write_text('{"item_id": "x", "title": "X", "genres": ["War"], "tmdb_id": 5}\n')
    (tmp_path / "log.csv").write_text("user_id,item_id,event,value,ts\nu,x,like,,1600000000\n")
    data, report = load(Source(catalogue=(tmp_path / "films.jsonl",), events=tmp_path / "log.csv"))
    assert len(data.events) == 1
    assert data.sources == ("films.jsonl", "log.csv")
    assert report.ok


def test_columns_of_different_lengths_are_refused() -> None:
    empty = Events.empty()
    with pytest.raises(ValueError, match="different lengths"):
        Events(("u",), empty.user, empty.film, empty.kind, empty.value, simulate(FILMS, 1).ts_ms)


# The sample catalogue


def test_the_sample_catalogue_is_clean() -> None:
    data, report = load_own(sample_files())
    assert report.counts == {}
    assert len(data.films) >= 250
    assert len({film.tmdb_id for film in data.films if film.tmdb_id}) == sum(bool(film.tmdb_id) for film in data.films)
    assert {film.year // 10 * 10 for film in data.films if film.year} >= set(range(1920, 2030, 10))
    assert all(film.overview and film.directors and film.genres and film.year for film in data.films)


def test_the_sample_says_that_its_viewers_are_simulated() -> None:
    progress = StepLog()
    data, report = load_sample(progress)
    assert SIMULATED in data.sources
    assert "simulated" in SIMULATED
    assert all(user.startswith("sim-") for user in data.events.user_ids)
    assert report.ok
    assert "simulating viewers" in {step for step, _, _ in progress.steps}
