"""MovieLens films and their metadata, brought together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from data_jobs.readers.fields import unique
from data_jobs.readers.movielens import Link, Movie
from data_jobs.readers.text import fold
from data_jobs.readers.titles import any_alike, years_apart
from data_jobs.readers.tmdb import Metadata
from data_jobs.records import Film
from data_jobs.report import Report

_NO_LINK = Link(0, None, None)


def merge(
    movies: Sequence[Movie],
    links: Mapping[str, Link],
    tags: Mapping[str, tuple[str, ...]],
    metadata: Metadata | None,
    report: Report,
) -> tuple[Film, ...]:
    """One film a movie, in order. Joined on movielens_id, else by the TMDB id of links.csv, else the IMDb id.

    An id that leads to a film of another year and another title or IMDb id is reported and not used.
    """
    if metadata is None:
        report.add("no-metadata-file", "movies.csv")
    films, used = [], set()
    for movie in movies:
        link = links.get(movie.item_id, _NO_LINK)
        found, link = _find(movie, link, metadata, report)
        if found is None and metadata is not None:
            report.add("no-metadata", "movies.csv", line=movie.line, field="movieId", value=movie.item_id)
        if found is not None:
            used.add(id(found))
        films.append(_film(movie, link, found, tags.get(movie.item_id, ())))
        if not films[-1].genres:
            report.add("no-genres", "movies.csv", line=movie.line, field="movieId", value=movie.item_id)
    if metadata is not None:
        everything = {id(film) for film in (*metadata.by_tmdb.values(), *metadata.by_movielens.values())}
        report.add_uncited("unused-metadata", metadata.file, len(everything - used))
    return tuple(films)


def _find(movie: Movie, link: Link, metadata: Metadata | None, report: Report) -> tuple[Film | None, Link]:
    """The movie's metadata, and the link as far as it can be believed."""
    if metadata is None:
        return None, link
    linked, link = _follow(movie, link, metadata, report)
    joined = metadata.by_movielens.get(movie.item_id)
    if joined is None:
        # A row that says it belongs to another movie is that movie's alone.
        return (linked if linked is not None and not linked.item_id else None), link
    if link.tmdb_id is not None and joined.tmdb_id is not None and link.tmdb_id != joined.tmdb_id:
        report.add(
            "link-replaced",
            "links.csv",
            line=link.line,
            field="tmdbId",
            value=link.tmdb_id,
            expected=str(joined.tmdb_id),
        )
    return joined, link


def _follow(movie: Movie, link: Link, metadata: Metadata, report: Report) -> tuple[Film | None, Link]:
    """The film a link leads to, the TMDB id first; an id that leads astray is reported and taken out."""
    found = metadata.by_tmdb.get(link.tmdb_id) if link.tmdb_id is not None else None
    if found is not None and _astray(movie, link, found):
        _report_wrong(movie, link.line, "tmdbId", link.tmdb_id, found, report)
        found, link = None, replace(link, tmdb_id=None)
    if found is None and link.imdb_id is not None:
        found = metadata.by_imdb.get(link.imdb_id)
        if found is not None and _astray(movie, link, found):
            _report_wrong(movie, link.line, "imdbId", link.imdb_id, found, report)
            found, link = None, replace(link, imdb_id=None)
    return found, link


def _astray(movie: Movie, link: Link, found: Film) -> bool:
    """Whether a link names another film: the years are apart, and the title or the IMDb id differs, too.

    The id matters because a wrong link often leads to a namesake: "Romance" of 2012 for that of 1999.
    """
    if not years_apart(movie.title.year, found.year):
        return False
    if link.imdb_id is not None and found.imdb_id is not None and link.imdb_id != found.imdb_id:
        return True
    return not any_alike(movie.title, (found.title, *found.aka))


def _report_wrong(movie: Movie, line: int, field: str, value: object, found: Film, report: Report) -> None:
    report.add(
        "wrong-link",
        "links.csv",
        line=line,
        field=field,
        value=f"{value}, which is {found.title} ({found.year})",
        expected=f"{movie.title.name} ({movie.title.year})",
    )


def _shown(movie: Movie, found: Film | None) -> str:
    """The movie's name; with its brackets where the metadata shows that they belong to it."""
    if found is not None and fold(movie.title.full) == fold(found.title):
        return movie.title.full
    return movie.title.name


def _film(movie: Movie, link: Link, found: Film | None, tags: tuple[str, ...]) -> Film:
    title = _shown(movie, found)
    if found is None:
        return Film(
            item_id=movie.item_id,
            title=title,
            year=movie.title.year,
            genres=movie.genres,
            tmdb_id=link.tmdb_id,
            imdb_id=link.imdb_id,
            tags=tags,
            aka=movie.title.aka,
        )
    other = () if title == movie.title.full else movie.title.aka
    return Film(
        item_id=movie.item_id,
        title=title,
        year=movie.title.year or found.year,
        genres=unique((*movie.genres, *found.genres)),
        directors=found.directors,
        cast=found.cast,
        keywords=found.keywords,
        overview=found.overview,
        tagline=found.tagline,
        runtime=found.runtime,
        certification=found.certification,
        series=found.series,
        language=found.language,
        tmdb_id=found.tmdb_id or link.tmdb_id,
        imdb_id=found.imdb_id or link.imdb_id,
        vote_average=found.vote_average,
        vote_count=found.vote_count,
        popularity=found.popularity,
        poster_path=found.poster_path,
        tags=tags,
        aka=_others(title, (*other, found.title, *found.aka)),
    )


def _others(title: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names that are another title, not another spelling: "Leave it to Beaver" adds nothing."""
    first = {fold(title): title}
    for name in names:
        first.setdefault(fold(name), name)
    return tuple(first.values())[1:]
