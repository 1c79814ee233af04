"""Read a record as a film, by the fields common to all forms under Marquee's names."""

from typing import NamedTuple

from data_jobs.readers.fields import Fields, unique
from data_jobs.readers.titles import Title, parse_title, years_apart
from data_jobs.records import Film

_RUNTIME = (1, 6000)
_MOST_ID, _MOST_POPULARITY = 2**53, 1e12


class Named(NamedTuple):
    """A film and its parsed title."""

    film: Film
    title: Title


def named_of(fields: Fields, item_id: str, parsed: bool = False) -> Named | None:
    """Read a record as a film. None without a title, which is an error.

    "Heat (1995)" is Heat of 1995, unless another field has another year; ``parsed``: titles always have this form.
    """
    raw = fields.text("title")
    if not raw:
        fields.say("missing-value", "title", expected="a title")
        return None
    year = fields.year("year") if fields.has("year") else fields.year("release_date")
    title = parse_title(raw)
    if parsed and title.year is None and year is None:
        fields.say("title-without-year", "title", raw, "Title (1999)")
    if not parsed and (title.year is None or years_apart(title.year, year)):
        title = Title(raw, year, (), raw)
    elif not parsed and year is None:
        fields.say("year-in-title", "title", raw)
    title = title._replace(year=title.year or year)
    return Named(_film(fields, item_id, title), title)


def _film(fields: Fields, item_id: str, title: Title) -> Film:
    aka = unique((*title.aka, fields.text("original_title"), *fields.list_of("aka")))
    return Film(
        item_id=item_id,
        title=title.name,
        year=title.year,
        genres=fields.genres(),
        directors=fields.people("director"),
        cast=fields.list_of("cast"),
        keywords=fields.list_of("keywords"),
        overview=fields.text("overview"),
        tagline=fields.text("tagline"),
        runtime=fields.minutes("runtime", *_RUNTIME),
        certification=fields.text("certification") or None,
        series=fields.text("series") or None,
        language=fields.language("language"),
        tmdb_id=fields.whole("tmdb_id", 1, _MOST_ID),
        imdb_id=fields.imdb("imdb_id"),
        vote_average=fields.number("vote_average", 0, 10),
        vote_count=fields.whole("vote_count", 0, _MOST_ID),
        popularity=fields.number("popularity", 0, _MOST_POPULARITY),
        poster_path=fields.poster("poster_path"),
        aka=tuple(name for name in aka if name != title.name),
    )
