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
    """None if several films share a title and year, which is then ambiguous."""

    def add_title(self, film: Film) -> None:
        """File a film under its titles."""
        for name in {fold(each) for each in (film.title, *film.aka) if film.year}:
            key = (name, film.year or 0)
            first = self.by_title.setdefault(key, film)
            if first is not None and first is not film and first.tmdb_id != film.tmdb_id:
                self.by_title[key] = None

    def titled(self, movie: Movie) -> Film | None:
        """Return the only film of the movie's title and year, or of the year before or after; None without one."""
        year = movie.title.year
        if year is None:
            return None
        names = unique(fold(name) for name in (movie.title.name, movie.title.full, *movie.title.aka))
        for offset in (0, 1, -1):
            if match := next(filter(None, (self.by_title.get((name, year + offset)) for name in names)), None):
                return match
        return None


def merge(
    movies: Sequence[Movie],
    links: Mapping[str, Link],
    tags: Mapping[str, tuple[str, ...]],
    metadata: Metadata | None,
    report: Report,
) -> tuple[Film, ...]:
    """Return one film per movie, in order. Metadata is joined by movielens_id, else by the TMDB id of the link, else by
    its IMDb id; without these, by title and year.

    An id that leads to a film of another year and another title or IMDb id is reported and not used.
    """
    films, used_ids = [], set()
    for movie in movies:
        link = links.get(movie.item_id, movie.link)
        match, link = _find(movie, link, metadata, report)
        if match is None and metadata is not None:
            report.add("no-metadata", movie.file, line=movie.line, field=movie.field, value=movie.item_id)
        if match is not None:
            used_ids.add(id(match))
        films.append(_film(movie, link, match, tags.get(movie.item_id, ())))
    if metadata is not None:
        all_ids = {id(film) for film in (*metadata.by_tmdb.values(), *metadata.by_movielens.values(),
                                         *metadata.by_imdb.values())}  # fmt: skip
        report.add_uncited("unused-metadata", metadata.file, len(all_ids - used_ids))
    return tuple(films)


def _find(movie: Movie, link: Link, metadata: Metadata | None, report: Report) -> tuple[Film | None, Link]:
    """Return the movie's metadata, and its link without wrong ids."""
    if metadata is None:
        return None, link
    linked, link = _follow(movie, link, metadata, report)
    joined = metadata.by_movielens.get(movie.item_id)
    if joined is None:
        if linked is None and link.tmdb_id is None and link.imdb_id is None:
            linked = metadata.titled(movie)
            if linked is not None and not linked.item_id:
                report.add("joined-by-title", movie.file, line=movie.line, field="title", value=movie.title.full)
        # Metadata that names another movie's id belongs to that movie only.
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
    match = metadata.by_tmdb.get(link.tmdb_id) if link.tmdb_id is not None else None
    if match is not None and _astray(movie, link, match):
        _report_wrong(movie, link, "tmdbId", link.tmdb_id, match, report)
        match, link = None, link._replace(tmdb_id=None)
    if match is None and link.imdb_id is not None:
        match = metadata.by_imdb.get(link.imdb_id)
        if match is not None and _astray(movie, link, match):
            _report_wrong(movie, link, "imdbId", link.imdb_id, match, report)
            match, link = None, link._replace(imdb_id=None)
    return match, link


def _astray(movie: Movie, link: Link, match: Film) -> bool:
    """Return whether a link leads to another film: the years differ, and so does the title or the IMDb id.

    The id matters because a wrong link often leads to a namesake: "Romance" of 2012 instead of 1999.
    """
    if not years_apart(movie.title.year, match.year):
        return False
    if link.imdb_id is not None and match.imdb_id is not None and link.imdb_id != match.imdb_id:
        return True
    return not any_alike(movie.title, (match.title, *match.aka))


def _report_wrong(movie: Movie, link: Link, field: str, value: object, match: Film, report: Report) -> None:
    report.add(
        "wrong-link",
        link.file,
        line=link.line,
        field=field,
        value=f"{value}, which is {match.title} ({match.year})",
        expected=f"{movie.title.name} ({movie.title.year})",
    )


def _shown(movie: Movie, match: Film | None) -> str:
    """Return the movie's name, with its brackets if the metadata has them in the title, too."""
    if match is not None and fold(movie.title.full) == fold(match.title):
        return movie.title.full
    return movie.title.name


def _film(movie: Movie, link: Link, match: Film | None, tags: tuple[str, ...]) -> Film:
    title = _shown(movie, match)
    film = replace(movie.film, title=title, tags=unique((*tags, *movie.film.tags)))
    if match is None:
        return replace(film, tmdb_id=link.tmdb_id, imdb_id=link.imdb_id)
    brackets = () if title == movie.title.full else movie.film.aka
    complete = filled(film, match)
    # The catalogue's own data is never replaced; a link is, by the film it leads to.
    return replace(
        complete,
        tmdb_id=match.tmdb_id or link.tmdb_id,
        imdb_id=match.imdb_id or link.imdb_id,
        aka=_others(title, (*brackets, match.title, *match.aka)),
    )


def filled(film: Film, source: Film) -> Film:
    """Return the film completed from another reading of it; genres are those of both."""
    return Film(
        item_id=film.item_id,
        title=film.title,
        year=film.year or source.year,
        genres=unique((*film.genres, *source.genres)),
        directors=film.directors or source.directors,
        cast=film.cast or source.cast,
        keywords=film.keywords or source.keywords,
        overview=film.overview or source.overview,
        tagline=film.tagline or source.tagline,
        runtime=film.runtime or source.runtime,
        language=film.language or source.language,
        tmdb_id=film.tmdb_id or source.tmdb_id,
        imdb_id=film.imdb_id or source.imdb_id,
        vote_average=film.vote_average if film.vote_average is not None else source.vote_average,
        vote_count=film.vote_count if film.vote_count is not None else source.vote_count,
        popularity=film.popularity if film.popularity is not None else source.popularity,
        poster_path=film.poster_path or source.poster_path,
        tags=film.tags or source.tags,
        aka=unique((*film.aka, *source.aka)),
        certification=film.certification or source.certification,
        series=film.series or source.series,
        other_ids=unique((*film.other_ids, *source.other_ids)),
    )


def _others(title: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that differ from the title in more than spelling: "Leave it to Beaver" adds nothing."""
    first = {fold(title): title}
    for name in names:
        first.setdefault(fold(name), name)
    return tuple(first.values())[1:]
