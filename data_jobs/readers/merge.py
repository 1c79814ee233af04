"""Merge a catalogue with its films' metadata."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from data_jobs.readers.fields import unique
from data_jobs.readers.text import fold
from data_jobs.readers.titles import Title, any_alike, years_apart
from data_jobs.records import Film
from data_jobs.report import Report


class Link(NamedTuple):
    """One row of links.csv; a missing id is None."""

    line: int
    tmdb_id: int | None
    imdb_id: str | None
    file: str = "links.csv"


class Movie(NamedTuple):
    """A film of the catalogue as in its file; ``field`` is the file's name for its id."""

    item_id: str
    line: int
    title: Title
    film: Film
    file: str
    field: str

    @property
    def link(self) -> Link:
        """Return the film's own ids."""
        return Link(self.line, self.film.tmdb_id, self.film.imdb_id, self.file)


@dataclass(frozen=True, slots=True)
class Metadata:
    """Films of metadata files by each id that may lead to them, and by title and year; ``file`` is the first file's
    name.
    """

    file: str
    by_movielens: dict[str, Film] = field(default_factory=dict)
    by_tmdb: dict[int, Film] = field(default_factory=dict)
    by_imdb: dict[str, Film] = field(default_factory=dict)
    by_title: dict[tuple[str, int], Film | None] = field(default_factory=dict)
    """None if two films share a title and year: they are ambiguous."""

    def add_title(self, film: Film) -> None:
        """File a film under its titles."""
        for name in {fold(each) for each in (film.title, *film.aka) if film.year}:
            key = (name, film.year or 0)
            first = self.by_title.setdefault(key, film)
            if first is not None and first is not film and first.tmdb_id != film.tmdb_id:
                self.by_title[key] = None

    def titled(self, movie: Movie) -> Film | None:
        """Return the only film of the movie's title and year, or of the year before or after it."""
        year = movie.title.year
        if year is None:
            return None
        names = unique(fold(name) for name in (movie.title.name, movie.title.full, *movie.title.aka))
        for off in (0, 1, -1):
            if found := next(filter(None, (self.by_title.get((name, year + off)) for name in names)), None):
                return found
        return None


def merge(
    movies: Sequence[Movie],
    links: Mapping[str, Link],
    tags: Mapping[str, tuple[str, ...]],
    metadata: Metadata | None,
    report: Report,
) -> tuple[Film, ...]:
    """Return one film per movie, in order. Joined by movielens_id, else by the TMDB id of its link, else the IMDb id;
    without either, by title and year.

    An id that leads to a film of another year and another title or IMDb id is reported and not used.
    """
    films, used = [], set()
    for movie in movies:
        link = links.get(movie.item_id, movie.link)
        found, link = _find(movie, link, metadata, report)
        if found is None and metadata is not None:
            report.add("no-metadata", movie.file, line=movie.line, field=movie.field, value=movie.item_id)
        if found is not None:
            used.add(id(found))
        films.append(_film(movie, link, found, tags.get(movie.item_id, ())))
    if metadata is not None:
        everything = {id(film) for film in (*metadata.by_tmdb.values(), *metadata.by_movielens.values(),
                                            *metadata.by_imdb.values())}  # fmt: skip
        report.add_uncited("unused-metadata", metadata.file, len(everything - used))
    return tuple(films)


def _find(movie: Movie, link: Link, metadata: Metadata | None, report: Report) -> tuple[Film | None, Link]:
    """Return the movie's metadata, and the credible part of its link."""
    if metadata is None:
        return None, link
    linked, link = _follow(movie, link, metadata, report)
    joined = metadata.by_movielens.get(movie.item_id)
    if joined is None:
        if linked is None and link.tmdb_id is None and link.imdb_id is None:
            linked = metadata.titled(movie)
            if linked is not None and not linked.item_id:
                report.add("joined-by-title", movie.file, line=movie.line, field="title", value=movie.title.full)
        # A row that names another movie's id belongs to that movie only.
        return (linked if linked is not None and not linked.item_id else None), link
    if link.tmdb_id is not None and joined.tmdb_id is not None and link.tmdb_id != joined.tmdb_id:
        report.add(
            "link-replaced",
            link.file,
            line=link.line,
            field="tmdbId",
            value=link.tmdb_id,
            expected=str(joined.tmdb_id),
        )
    return joined, link


def _follow(movie: Movie, link: Link, metadata: Metadata, report: Report) -> tuple[Film | None, Link]:
    """Return the film a link leads to, TMDB id first; a wrong id is reported and removed."""
    found = metadata.by_tmdb.get(link.tmdb_id) if link.tmdb_id is not None else None
    if found is not None and _astray(movie, link, found):
        _report_wrong(movie, link, "tmdbId", link.tmdb_id, found, report)
        found, link = None, link._replace(tmdb_id=None)
    if found is None and link.imdb_id is not None:
        found = metadata.by_imdb.get(link.imdb_id)
        if found is not None and _astray(movie, link, found):
            _report_wrong(movie, link, "imdbId", link.imdb_id, found, report)
            found, link = None, link._replace(imdb_id=None)
    return found, link


def _astray(movie: Movie, link: Link, found: Film) -> bool:
    """Return whether a link leads to another film: the years differ, and so does the title or the IMDb id.

    The id matters because a wrong link often leads to a namesake: "Romance" of 2012 for that of 1999.
    """
    if not years_apart(movie.title.year, found.year):
        return False
    if link.imdb_id is not None and found.imdb_id is not None and link.imdb_id != found.imdb_id:
        return True
    return not any_alike(movie.title, (found.title, *found.aka))


def _report_wrong(movie: Movie, link: Link, field: str, value: object, found: Film, report: Report) -> None:
    report.add(
        "wrong-link",
        link.file,
        line=link.line,
        field=field,
        value=f"{value}, which is {found.title} ({found.year})",
        expected=f"{movie.title.name} ({movie.title.year})",
    )


def _shown(movie: Movie, found: Film | None) -> str:
    """Return the movie's name, with its brackets if the metadata shows that they are part of it."""
    if found is not None and fold(movie.title.full) == fold(found.title):
        return movie.title.full
    return movie.title.name


def _film(movie: Movie, link: Link, found: Film | None, tags: tuple[str, ...]) -> Film:
    title = _shown(movie, found)
    own = replace(movie.film, title=title, tags=unique((*tags, *movie.film.tags)))
    if found is None:
        return replace(own, tmdb_id=link.tmdb_id, imdb_id=link.imdb_id)
    other = () if title == movie.title.full else movie.film.aka
    whole = filled(own, found)
    # The catalogue's own data is never replaced; a link is, by the film it leads to.
    return replace(
        whole,
        tmdb_id=found.tmdb_id or link.tmdb_id,
        imdb_id=found.imdb_id or link.imdb_id,
        aka=_others(title, (*other, found.title, *found.aka)),
    )


def filled(film: Film, other: Film) -> Film:
    """Return the film completed from another reading of it; genres are those of both."""
    return Film(
        item_id=film.item_id,
        title=film.title,
        year=film.year or other.year,
        genres=unique((*film.genres, *other.genres)),
        directors=film.directors or other.directors,
        cast=film.cast or other.cast,
        keywords=film.keywords or other.keywords,
        overview=film.overview or other.overview,
        tagline=film.tagline or other.tagline,
        runtime=film.runtime or other.runtime,
        language=film.language or other.language,
        tmdb_id=film.tmdb_id or other.tmdb_id,
        imdb_id=film.imdb_id or other.imdb_id,
        vote_average=film.vote_average if film.vote_average is not None else other.vote_average,
        vote_count=film.vote_count if film.vote_count is not None else other.vote_count,
        popularity=film.popularity if film.popularity is not None else other.popularity,
        poster_path=film.poster_path or other.poster_path,
        tags=film.tags or other.tags,
        aka=unique((*film.aka, *other.aka)),
        certification=film.certification or other.certification,
        series=film.series or other.series,
        other_ids=unique((*film.other_ids, *other.other_ids)),
    )


def _others(title: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that are another title, not another spelling: "Leave it to Beaver" adds nothing."""
    first = {fold(title): title}
    for name in names:
        first.setdefault(fold(name), name)
    return tuple(first.values())[1:]
