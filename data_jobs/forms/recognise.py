"""Turn files into parts: recognise the form of each file by its header, its cells or its name."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from data_jobs.forms.columns import EVENT, FILM, match, numbered
from data_jobs.forms.events import kind_of
from data_jobs.forms.part import Layout, Part, Role, Space
from data_jobs.forms.scales import NO, YES, YES_NO, all_alike, scale_of, scale_of_averages
from data_jobs.forms.shapes import FLAG
from data_jobs.forms.sniff import QUESTIONS, Sniffed, sniff
from services.adapters.column_names import folded
from services.recommender.domain.genres import canonical
from services.recommender.domain.history import EventKind

IMDB_RATINGS, CREDITS_5000 = "IMDb title.ratings", "tmdb_5000 credits"
AMAZON = "Amazon products"
"""Amazon ratings are out of five stars."""
ANY = "films"
"""A table of films with recognisable columns."""
ML_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
_ITEM_COLUMNS = ("item_id", "title", "release_date", "video", "url", *(f"{FLAG}{name}" for name in ML_GENRES))
_NOT_DATA = re.compile(
    r"(?:^(?:readme|license|licence|changelog|checksums|u\.(?:info|genre|user|occupation)|users\.dat|demo\.json)|"
    r"\.(?:md|html?|sh|pl|py|ipynb|jpe?g|png|gif|pdf|md5|log|ya?ml|toml|lock))$|^readme",
    re.IGNORECASE,
)
_OTHERWISE = {
    ".yaml": "YAML, which is not read: write it as JSON or CSV",
    ".yml": "YAML, which is not read: write it as JSON or CSV",
    ".md": "a text: save a table in it as CSV",
    ".html": "a web page: download the file that it links to, or save its table as CSV",
    ".htm": "a web page: download the file that it links to, or save its table as CSV",
    ".ipynb": "a notebook: save its table as CSV",
    ".pdf": "a PDF: there is no table to read in it",
}
_SPLITS = re.compile(r"^u[1-5ab]\.(?:base|test)$")
_GENOME = re.compile(r"^genome[-_](?:scores|tags)\.csv$")
CLASSIC = {
    "movies.csv": (Role.FILMS, "movieId, title, genres"),
    "ratings.csv": (Role.EVENTS, "userId, movieId, rating, timestamp"),
    "links.csv": (Role.LINKS, "movieId, imdbId, tmdbId"),
    "tags.csv": (Role.TAGS, "userId, movieId, tag"),
}
"""The files of a MovieLens folder: their roles and columns."""
_TMDB_MARKS = frozenset(
    {"backdrop_path", "belongs_to_collection", "genre_ids", "production_companies", "spoken_languages", "video",
     "release_date", "poster_path", "vote_average", "original_title"}
)  # fmt: skip
_FACTS = frozenset(FILM) - {"title", "item_id", "tmdb_id", "imdb_id", "movielens_id", "kind"}
_EXPORTS = {"Letterboxd URI": "a Letterboxd export", "Your Rating": "an IMDb export"}
_IMDB_OTHERS = {
    "title.akas": {"titleId", "ordering"}, "title.crew": {"tconst", "writers"},
    "title.principals": {"tconst", "nconst"},
    "title.episode": {"tconst", "parentTconst"}, "name.basics": {"nconst", "primaryName"},
}  # fmt: skip
_RATINGS = frozenset({"rating", "score", "bewertung", "note", "nota", "voto", "puntuacion"})
_EITHER = frozenset({"movie", "item", "product"})
_TITLE_AND_YEAR = re.compile(r"\(\d{4}\)$")
_TITLE = re.compile(r"[^\W\d_]\S*\s|\(\d{4}\)$")
"""Matches a title rather than an id: several words, or a year at the end."""
_LISTED = re.compile(r"^\D.*\(\d{4}\)$|^[\d\s'-]+\(\d{4}\)$")
"""Matches a line that is only a title with its year."""
_WORD = re.compile(r"^[^\W\d_]{2,}(?!\d)\b")
_MOST_COMPARED = 100


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the caller specifies: ``maps`` our column -> theirs; ``scale``: the top of the ratings; ``tables_only``:
    ignore JSON files of a folder.
    """

    maps: Mapping[str, str] = field(default_factory=dict)
    scale: float | None = None
    tables_only: bool = False


def recognise(files: Sequence[Path], options: ReadOptions) -> list[Part]:
    """Return what each file is recognised as, in file order."""
    names = {path.name for path in files}
    classic = {"movies.csv", "ratings.csv"} <= names
    parts = []
    for path in files:
        if (
            classic
            and path.suffix.lower() in (".csv", ".tsv", ".dat", ".txt")
            and path.name not in CLASSIC
            and not _GENOME.match(path.name)
        ):
            parts.append(
                Part(path, "", Role.UNUSED, why="no file of the MovieLens layout; name it by itself to read it")
            )
        else:
            part = _recognised(path, options)
            parts.append(_as_named(part) if classic and path.name in CLASSIC else part)
    return _without_doubles(parts)


def _as_named(part: Part) -> Part:
    """Return a file of a MovieLens folder in the role its name says, or as unknown."""
    role, _ = CLASSIC[part.name]
    lacks = role is Role.EVENTS and "value" not in part.columns and "rating" not in part.others
    if part.why == "empty" or (part.role is role and not lacks):
        return part
    return replace(part, role=Role.UNKNOWN, why=part.why or ", ".join((*part.columns.values(), *part.others))[:200])


def _recognised(path: Path, options: ReadOptions) -> Part:
    if _NOT_DATA.search(path.name):
        return Part(path, "", Role.UNUSED, why=_OTHERWISE.get(path.suffix.lower(), "no data"))
    if _SPLITS.match(path.name):
        return Part(path, "MovieLens 100K", Role.UNUSED, why="a split of u.data")
    if _GENOME.match(path.name):
        return Part(path, "MovieLens", Role.UNUSED, why="the tag genome")
    sample = sniff(path, options.maps.values())
    if options.tables_only and sample.layout is Layout.JSON:
        return Part(path, "", Role.UNUSED, why="JSON in a MovieLens folder: name it with --tmdb")
    if sample.layout is Layout.NONE:
        role = Role.UNUSED if sample.why in ("empty", QUESTIONS) else Role.UNKNOWN
        return Part(path, "", role, why=sample.why)
    mapped = not {*options.maps.values()}.isdisjoint(sample.names)
    part = _without_header(sample, options) if not sample.headed and not mapped else None
    return part or _by_columns(sample, options)


def _without_header(sample: Sniffed, options: ReadOptions) -> Part | None:
    """Recognise a form without a header by its cells."""
    path, width = sample.path, len(sample.names)
    texts = ["".join(str(cell) for cell in row.values()) for row in sample.rows]
    if sample.layout is Layout.TABLE and sum(map(bool, map(_LISTED.search, texts))) * 2 > len(texts):
        return _table(sample, "a list of titles", Role.FILMS, ("title",), {"title": "title"}, tail=True)
    if sample.layout is Layout.NETFLIX:
        return Part(path, "Netflix prize", Role.EVENTS, sample.layout, scale=5,
                    columns={"item": "movie", "user": "user", "value": "rating", "ts": "date"})  # fmt: skip
    if sample.dialect.delimiter == "::" and width > 1:
        return _dat(sample, options)
    if sample.dialect.delimiter == "|" and width >= len(_ITEM_COLUMNS) - 1:
        read = ("item_id", "title", *(name for name in _ITEM_COLUMNS if name.startswith(FLAG)))
        return _table(sample, "MovieLens 100K", Role.FILMS, _ITEM_COLUMNS, {name: name for name in read})
    first = [sample.rows[0].get(name, "") for name in sample.names]
    if width >= 3 and re.fullmatch(r"\d+", first[0]) and re.fullmatch(r"(?:1[89]|20)\d\d|NULL", first[1]):
        return _table(sample, "Netflix prize", Role.FILMS, ("item_id", "year", "title"),
                      {name: name for name in ("item_id", "year", "title")}, tail=True)  # fmt: skip
    if width in (3, 4):
        return _ratings(sample, options)
    return None


def _dat(sample: Sniffed, options: ReadOptions) -> Part | None:
    """Recognise the files of MovieLens 1M and 10M, and others in their layout."""
    form = "MovieLens 1M or 10M"
    cells = sample.cells(sample.names[1])[:50]
    if len(sample.names) == 3 and any(re.search(r"\(\d{4}\)$", cell) for cell in cells):
        films = ("item_id", "title", "genres")
        return _table(sample, form, Role.FILMS, films, {name: name for name in films})
    if len(sample.names) == 4 and sample.path.name.startswith("tags"):
        names = ("user", "item_id", "tag", "ts")
        return _table(sample, form, Role.TAGS, names, {"user": "user", "item_id": "item_id", "tag": "tag"})
    if len(sample.names) == 4:
        names = ("user", "item", "value", "ts")
        scale = options.scale or scale_of(sample.cells(sample.names[2]))
        return _table(sample, form, Role.EVENTS, names, {name: name for name in names}, scale=scale)
    return Part(sample.path, form, Role.UNUSED, why="facts about the people")


def _ratings(sample: Sniffed, options: ReadOptions) -> Part | None:
    """Recognise person, film, rating and time without a header: MovieLens 100K, Amazon's ratings only."""
    columns = [sample.cells(name) for name in sample.names]
    if not all(re.fullmatch(r"-?\d*[.,]?\d+", cell) for cell in columns[2]) or not columns[2]:
        return None
    scale = options.scale or scale_of(columns[2])
    swapped = all(re.fullmatch(r"[B0-9][0-9A-Z]{9}", cell) for cell in columns[0])
    names = ("item", "user", "value", "ts") if swapped else ("user", "item", "value", "ts")
    form = "MovieLens 100K" if sample.dialect.delimiter == "\t" else "ratings without a header"
    used = names[: len(sample.names)]
    read = {name: name for name in used if name != "value" or not all_alike(columns[2])}
    return _table(sample, form, Role.EVENTS, used, read, scale=scale)


def _table(
    sample: Sniffed, form: str, role: Role, names: tuple[str, ...], columns: Mapping[str, str], *, tail: bool = False,
    scale: float = 0.0,
) -> Part:  # fmt: skip
    header = names + tuple(f"column {at}" for at in range(len(names) + 1, len(sample.names) + 1))
    if not tail:
        header = header[: len(sample.names)]
    dialect = replace(sample.dialect, header=header, tail=tail, quoted=False)
    return Part(sample.path, form, role, Layout.TABLE, dialect=dialect, columns=columns, scale=scale)


def _by_columns(sample: Sniffed, options: ReadOptions) -> Part:
    """Recognise a form with named columns."""
    if kind := next((kind for mark, kind in _EXPORTS.items() if mark in sample.names), None):
        advice = f"{kind} of one person: `marquee users import FILE --user ID` reads it, once there is a catalogue"
        return Part(sample.path, "", Role.UNKNOWN, why=advice)
    if kind := next((kind for kind, marks in _IMDB_OTHERS.items() if marks <= set(sample.names)), None):
        return Part(
            sample.path, f"IMDb {kind}", Role.UNUSED, why="not needed: only title.basics and title.ratings are read"
        )
    film, event = match(sample.names, FILM, options.maps), match(sample.names, EVENT, options.maps)
    _take_titles(sample, film, event, options)
    has_film = any(name in event for name in ("item", "tmdb_id", "imdb_id", "title"))
    named = {name.lower() for name in sample.names}
    if "user" in event and has_film and "tag" in named and "value" not in event:
        tag = next(name for name in sample.names if name.lower() == "tag")
        return _part(sample, "MovieLens", Role.TAGS, {"user": event["user"], "item_id": event["item"], "tag": tag})
    if "user" in event and has_film:
        return _events(sample, event, options)
    if "title" not in film and "item_id" in film and len({"tmdb_id", "imdb_id"} & set(film)) and not _FACTS & set(film):
        return _part(sample, "MovieLens", Role.LINKS, {name: film[name] for name in ("item_id", "tmdb_id", "imdb_id")
                                                     if name in film})  # fmt: skip
    return _films(sample, film)


def _events(sample: Sniffed, event: dict[str, str], options: ReadOptions) -> Part:
    space = Space.OWN
    if "item" not in event:
        space = Space.TMDB if "tmdb_id" in event else Space.IMDB if "imdb_id" in event else Space.TITLE
    item = {Space.OWN: "item", Space.TMDB: "tmdb_id", Space.IMDB: "imdb_id", Space.TITLE: "title"}[space]
    columns = {"user": event["user"], "item": event[item]}
    columns |= {name: event[name] for name in ("event", "value", "ts") if name in event}
    scale = 0.0
    if "value" in columns:
        ratings = _ratings_in(sample, columns)
        scale = options.scale or scale_of(ratings)
        if "event" not in columns and all_alike(ratings) and options.scale is None:
            del columns["value"]
            scale = 0.0
        elif "event" in columns and scale == YES_NO:
            scale = 5.0
    amazon = "parent_asin" in sample.names or "reviewerID" in sample.names
    if "title" in event and not amazon:
        film = match(sample.names, FILM, options.maps)
        taken = {event["user"], event.get("value"), *columns.values()}
        columns |= {
            f"film.{name}": theirs
            for name, theirs in film.items()
            # A date in a log is the event's.
            if theirs not in taken and name != "item_id" and folded(theirs) != "date"
        }
    is_movielens = sample.names[:2] == ("userId", "movieId")
    form = "Amazon reviews" if amazon else "MovieLens" if is_movielens else _form_of_log(sample)
    return replace(_part(sample, form, Role.EVENTS, columns, space), scale=scale)


def _ratings_in(sample: Sniffed, columns: Mapping[str, str]) -> list[str]:
    """Return the values of rows that are ratings; the value of another event says nothing about the scale."""
    if "event" not in columns:
        return sample.cells(columns["value"])
    rows = (row for row in sample.rows if kind_of(str(row.get(columns["event"]) or "")) is EventKind.RATING)
    return [str(value).strip() for row in rows if (value := row.get(columns["value"])) not in (None, "")]


def _form_of_log(sample: Sniffed) -> str:
    return "Marquee's own" if {"user_id", "item_id", "event", "ts"} <= set(sample.names) else "events"


def _films(sample: Sniffed, film: dict[str, str]) -> Part:
    """Recognise a catalogue, or facts about the films of one."""
    form, space = _form_of_films(sample, film)
    if space is Space.TMDB and "item_id" in film and "tmdb_id" not in film:
        film = {"tmdb_id": film["item_id"], **{name: theirs for name, theirs in film.items() if name != "item_id"}}
    film = _rated(sample, film) | numbered(sample.names, film)
    film |= _flags(sample, film)
    scale = _scale_of_averages(sample, film, form)
    if "item_id" not in film and space is Space.OWN and {"tmdb_id", "imdb_id"} & set(film):
        space = Space.TMDB if "tmdb_id" in film else Space.IMDB
    if form in (CREDITS_5000, IMDB_RATINGS):
        facts = {name: theirs for name, theirs in film.items() if name != "title"}
        return _part(sample, form, Role.FACTS, facts, space)
    if "title" in film:
        return replace(_part(sample, form, Role.FILMS, film, space), scale=scale)
    if {"item_id", "tmdb_id", "imdb_id"} & set(film) and _FACTS & set(film):
        space = Space.TMDB if film.get("item_id") == "id" else space
        if space is Space.TMDB and "item_id" in film:
            film["tmdb_id"] = film.pop("item_id")
        return _part(sample, form, Role.FACTS, film, space)
    if space is Space.TMDB and "tmdb_id" in film:
        return _part(sample, form, Role.FILMS, film, space)
    if sum(bool(_TITLE_AND_YEAR.search(name)) for name in sample.names) > 1:
        why = "a table with one column per film: write one row per rating instead (user, title, rating)"
        return Part(sample.path, "", Role.UNKNOWN, why=why)
    beginning = ", ".join(sample.names if sample.headed else map(str, sample.rows[0].values()))[:160]
    bare = "" if sample.headed else ", without a line that names its columns: write one (title, year, genres ...)"
    why = f"a {sample.layout} that begins with {beginning or 'nothing'}{bare}"
    return Part(sample.path, "", Role.UNKNOWN, sample.layout, others=sample.names, why=why)


_FORMS = (
    ("IMDb title.basics", Space.IMDB, {"tconst", "primaryTitle"}),
    (IMDB_RATINGS, Space.IMDB, {"tconst", "averageRating"}),
    (CREDITS_5000, Space.TMDB, {"movie_id", "title", "cast", "crew"}),
    ("tmdb_5000", Space.TMDB, {"budget", "genres", "id", "keywords", "original_title", "vote_count", "revenue"}),
    ("Kaggle The Movies Dataset", Space.TMDB, {"belongs_to_collection", "genres", "id", "imdb_id"}),
    (AMAZON, Space.OWN, {"average_rating", "parent_asin"}),
    ("Marquee's own", Space.OWN, {"item_id"}),
    ("MovieLens", Space.OWN, {"movieId", "title", "genres"}),
)
"""Forms by the columns unique to them; the first match wins."""


def _form_of_films(sample: Sniffed, film: Mapping[str, str]) -> tuple[str, Space]:
    names = set(sample.names)
    is_json = sample.layout is Layout.JSON
    for form, space, marks in _FORMS:
        if marks <= names and not (is_json and form.startswith(("Kaggle", "tmdb_5000"))):
            return form, space
    if film.get("item_id") == "id" and len(_TMDB_MARKS & names) >= 2:
        return "TMDB", Space.TMDB
    if "tmdb_id" in names and is_json and "title" in names:
        return "TMDB metadata", Space.TMDB
    return ("MovieLens" if names == {"movie_id", "title", "genres"} else ANY), Space.OWN


def _rated(sample: Sniffed, film: dict[str, str]) -> dict[str, str]:
    """Resolve a column "rating" of films: an average if numeric, else an age rating."""
    rating = next((name for name in sample.names if folded(name) in _RATINGS), None)
    if rating is None or rating in film.values():
        return film
    cells = [cell for cell in sample.cells(rating) if cell != "\\N"][:200]
    numbers = [cell for cell in cells if re.fullmatch(r"\d{1,2}(?:[.,]\d+)?", cell)]
    ours = "vote_average" if len(numbers) * 2 > len(cells) else "certification"
    return {ours: rating, **film}


def _part(sample: Sniffed, form: str, role: Role, columns: Mapping[str, str], space: Space = Space.OWN) -> Part:
    others = tuple(name for name in sample.names if name not in columns.values())
    awaited: frozenset[str] = frozenset()
    if sample.layout is Layout.JSON:
        # A field may first appear beyond the inspected beginning.
        films = frozenset(FILM) - {"item_id", "tmdb_id", "imdb_id", "title"}
        optional = films if role in (Role.FILMS, Role.FACTS) else {"value"} if "event" in columns else set()
        awaited = frozenset(optional) - set(columns) - set(columns.values())
        columns = {**columns, **{name: name for name in sorted(awaited)}}
    return Part(sample.path, form, role, sample.layout, space, sample.dialect, columns, others, awaited)


def _take_titles(sample: Sniffed, film: dict[str, str], event: dict[str, str], options: ReadOptions) -> None:
    """Read a column "movie" or "product" as titles if its cells look like titles and no other column holds them."""
    ours = film.get("item_id")
    if ours is None or "title" in film or "title" in event or "item_id" in options.maps or folded(ours) not in _EITHER:
        return
    cells, is_title = sample.cells(ours)[:200], _TITLE if "user" in event else _WORD
    if sum(bool(is_title.search(cell)) for cell in cells) * 2 > len(cells):
        film["title"] = film.pop("item_id")
        if event.get("item") == ours:
            event["title"] = event.pop("item")


def _flags(sample: Sniffed, film: Mapping[str, str]) -> dict[str, str]:
    """Return columns that are named after genres and say by 1 or 0 whether a film has the genre."""
    free = [name for name in sample.names if "genres" not in film and name not in film.values() and canonical(name)]
    flags = [name for name in free if {cell.lower() for cell in sample.cells(name)} <= YES | NO]
    return {f"{FLAG}{name}": name for name in flags} if len(flags) > 1 else {}


def _scale_of_averages(sample: Sniffed, film: Mapping[str, str], form: str) -> float:
    """Return the top of the scale of a column of averages; 0 without one, or for a known form, whose scale is ten."""
    if form == AMAZON:
        return 5.0
    return scale_of_averages(sample.cells(film["vote_average"])) if form == ANY and "vote_average" in film else 0.0


def _without_doubles(parts: list[Part]) -> list[Part]:
    """Mark a smaller edition of a file (ratings_small.csv) as unused if the whole one (ratings.csv) is there."""
    stems = {part.path.stem for part in parts if part.role not in (Role.UNUSED, Role.UNKNOWN)}
    deduplicated = []
    for part in parts:
        whole = re.sub(r"_small$", "", part.path.stem)
        if whole != part.path.stem and whole in stems:
            deduplicated.append(replace(part, role=Role.UNUSED, why=f"a part of {whole}"))
        else:
            deduplicated.append(part)
    return _without_copies(deduplicated)


def _without_copies(parts: list[Part]) -> list[Part]:
    """Mark further copies of a file as unused: an archive next to its unpacked files, "films copy.csv"."""
    used = [part for part in parts if part.role not in (Role.UNUSED, Role.UNKNOWN)]
    if len(used) > _MOST_COMPARED:
        return parts
    sizes = Counter(part.path.stat().st_size for part in used)
    first: dict[bytes, Part] = {}
    copies: dict[Path, str] = {}
    for part in used:
        if sizes[part.path.stat().st_size] > 1:
            with part.path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
            if first.setdefault(digest, part) is not part:
                copies[part.path] = f"a copy of {first[digest].name}"
    return [replace(part, role=Role.UNUSED, why=copies.get(part.path, "")) if part.path in copies else part
            for part in parts]  # fmt: skip
