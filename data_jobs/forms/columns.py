"""Column names in the wild, folded to letters and digits, and what each stands for."""

import re
from collections.abc import Mapping, Sequence

from services.adapters.column_names import ABROAD, folded

_ITEM = (
    "itemid", "movieid", "filmid", "item", "parentasin", "asin", "lineitemsku", "productid", "sku", "showid",
    "contentid", "mid", "iid", "articleid", "movie", "product", "id",
)  # fmt: skip
_TITLE = (
    "title", "itemlabel", "filmlabel", "movielabel", "lineitemname", "name", "movietitle", "filmtitle", "moviename",
    "filmname", "primarytitle", "productname", "itemname", "itemtitle", "seriestitle", "film", "titles", "movies",
    "films",
)  # fmt: skip
_TMDB, _IMDB = (
    ("tmdbid", "tmdb", "themoviedbid"),
    ("imdbid", "imdb", "tconst", "imdbtitleid", "imdbmovieid", "const", "imdblink", "imdburl", "movieimdblink"),
)

FILM: Mapping[str, tuple[str, ...]] = {
    "title": _TITLE,
    "tmdb_id": _TMDB,
    "imdb_id": _IMDB,
    "item_id": _ITEM,
    "movielens_id": ("movielensid",),
    "year": (
        "year", "releaseyear", "releasedyear", "yearreleased", "startyear", "yearofrelease", "productionyear",
        "titleyear", "movieyear", "filmyear",
    ),
    "release_date": (
        "releasedate", "released", "datepublished", "premiered", "releasedon", "originalreleasedate", "dateofrelease",
        "release", "publicationdate", "date",
    ),
    "genres": (
        "genres", "genre", "listedin", "categories", "category", "genrelist", "genrenames", "genrelabel",
    ),
    "genre_ids": ("genreids",),
    "director": ("director", "directors", "directedby", "directorname", "directorlabel"),
    "cast": ("cast", "actors", "stars", "starring", "topcast", "actor", "castmembers"),
    "crew": ("crew",),
    "credits": ("credits",),
    "keywords": ("keywords", "plotkeywords", "keyword", "tags"),
    "overview": ("overview", "description", "plot", "summary", "synopsis", "storyline", "plotsummary", "movieinfo"),
    "tagline": ("tagline",),
    "runtime": (
        "runtime", "runtimeminutes", "duration", "length", "minutes", "runningtime", "runtimemin", "runtimemins",
    ),
    "certification": (
        "certification", "certificate", "mpaa", "agerating", "contentrating", "rated", "mpaarating", "officialrating",
    ),
    "release_dates": ("releasedates",),
    "series": ("series", "collection", "franchise", "belongstocollection"),
    "language": ("originallanguage", "language", "lang", "languages"),
    "original_title": ("originaltitle", "titleoriginal"),
    "aka": ("aka", "alternativetitles", "alternatetitles", "othertitles"),
    "vote_average": (
        "voteaverage", "averagerating", "avgrating", "imdbrating", "imdbscore", "meanrating", "avgvote",
        "communityrating", "audiencerating",
    ),
    "vote_count": (
        "votecount", "numvotes", "ratingcount", "ratingnumber", "votes", "numratings", "ratingscount", "imdbvotes",
        "noofvotes", "numvotedusers", "numberofvotes", "ratingsnumber",
    ),
    "popularity": ("popularity",),
    "poster_path": ("posterpath", "poster", "posterurl", "image", "imageurl", "posterlink", "img"),
    "kind": ("titletype", "mediatype", "type"),
    "external_ids": ("externalids", "providerids"),
    "details": ("details",),
}  # fmt: skip
"""Our name -> theirs, most certain first. Each of their columns is used once, in this order."""

EVENT: Mapping[str, tuple[str, ...]] = {
    "user": (
        "userid", "user", "uid", "customerid", "customer", "memberid", "member", "visitorid", "personid", "reviewerid",
        "accountid", "profileid", "viewerid", "viewer", "username", "clientid", "client",
    ),
    "item": _ITEM,
    "tmdb_id": _TMDB,
    "imdb_id": _IMDB,
    "title": _TITLE,
    "event": (
        "event", "eventtype", "action", "interaction", "interactiontype", "behavior", "behaviour", "activity",
        "opinion", "reaction", "verdict", "feedback", "eventname", "feedbacktype", "type",
    ),
    "value": ("value", "rating", "score", "stars", "overall", "userrating", "yourrating"),
    "ts": (
        "ts", "timestamp", "time", "datetime", "date", "eventtime", "eventtimestamp", "createdat", "unixreviewtime",
        "reviewtime", "ratedat", "watchedat", "viewedat", "timestampms", "when", "ratingtimestamp", "watchedon",
        "viewedon", "ratedon", "watchdate", "viewdate", "eventdate", "orderdate", "orderedat", "purchasedate",
        "purchasedat", "lastwatchedat",
    ),
}  # fmt: skip

_LAST: Mapping[str, tuple[str, ...]] = {
    "title": ("originaltitle",),
    "genres": ("class",),
    "overview": ("text",),
    "user": ("userpseudoid", "anonymousid", "fullvisitorid", "email"),
    "value": ("liked", "isliked"),
}
"""Names used only if no other column matches, in any language."""
_SEVERAL = ("cast", "director", "genres", "keywords")
_NUMBERED = re.compile(r"([a-z]+?)s?\d{1,2}(?:name)?")


def match(names: Sequence[str], vocabulary: Mapping[str, tuple[str, ...]], maps: Mapping[str, str]) -> dict[str, str]:
    """Return our column -> theirs, for the columns present. ``maps``: the caller's mapping, which takes precedence."""
    by_fold: dict[str, str] = {}
    for name in names:
        by_fold.setdefault(folded(name), name)
    named = {
        ours: theirs if theirs in names else by_fold.get(folded(theirs) or theirs) for ours, theirs in maps.items()
    }
    columns = {ours: theirs for ours, theirs in named.items() if ours in vocabulary and theirs is not None}
    used = set(columns.values())
    for ours, aliases in vocabulary.items():
        if ours in columns:
            continue
        for alias in (folded(ours), *aliases, *ABROAD.get(ours, ()), *_LAST.get(ours, ())):
            column = by_fold.get(alias)
            if column is not None and column not in used:
                columns[ours] = column
                used.add(column)
                break
    return columns


def numbered(names: Sequence[str], matched: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that hold one name each ("Star1", "actor_2_name") as "cast", "cast.2", without those in
    ``matched``.
    """
    free = [name for name in names if name not in matched.values()]
    columns: dict[str, str] = {}
    for name in free:
        match = _NUMBERED.fullmatch(folded(name))
        words = {match[1], f"{match[1]}s"} if match else set()
        ours = next((key for key in _SEVERAL if not words.isdisjoint((*FILM[key], *ABROAD.get(key, ())))), None)
        if ours:
            columns[f"{ours}.{len(columns) + 1}" if ours in matched or ours in columns else ours] = name
    return columns
