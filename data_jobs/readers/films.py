"""The fields that TMDB's format and Marquee's own share."""

from data_jobs.readers.fields import Fields
from data_jobs.records import Film

_YEARS = (1870, 2100)
_RUNTIME = (1, 6000)
_MOST_ID, _MOST_POPULARITY = 2**53, 1e12


def film_of(fields: Fields, item_id: str, language: str, aka: tuple[str, ...] = ()) -> Film | None:
    """A record as a film; ``language`` is the field that has it. None without a title, which is an error."""
    title = fields.text("title")
    if not title:
        fields.report.add("missing-value", fields.file, line=fields.line, field="title", expected="a title")
        return None
    return Film(
        item_id=item_id,
        title=title,
        year=fields.whole("year", *_YEARS),
        genres=fields.genres(),
        directors=fields.people("director"),
        cast=fields.names("cast"),
        keywords=fields.names("keywords"),
        overview=fields.text("overview"),
        tagline=fields.text("tagline"),
        runtime=fields.whole("runtime", *_RUNTIME),
        certification=fields.text("certification") or None,
        series=fields.text("series") or None,
        language=fields.language(language),
        tmdb_id=fields.whole("tmdb_id", 1, _MOST_ID),
        imdb_id=fields.imdb("imdb_id"),
        vote_average=fields.number("vote_average", 0, 10),
        vote_count=fields.whole("vote_count", 0, _MOST_ID),
        popularity=fields.number("popularity", 0, _MOST_POPULARITY),
        poster_path=fields.poster("poster_path"),
        aka=tuple(name for name in aka if name and name != title),
    )
