"""Column names in the wild, folded to letters and digits, and what each stands for."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

_ITEM = (
    "itemid", "movieid", "filmid", "item", "parentasin", "asin", "productid", "sku", "showid", "contentid", "mid",
    "iid", "articleid", "movie", "product", "id",
)  # fmt: skip
_TITLE = (
    "title", "name", "movietitle", "filmtitle", "moviename", "filmname", "primarytitle", "productname", "itemname",
    "itemtitle", "seriestitle", "film", "titel", "titre", "titolo", "titulo", "originaltitle",
)  # fmt: skip
_TMDB, _IMDB = ("tmdbid", "tmdb", "themoviedbid"), ("imdbid", "imdb", "tconst", "imdbtitleid", "imdbmovieid", "const")

FILM: Mapping[str, tuple[str, ...]] = {
    "title": _TITLE,
    "tmdb_id": _TMDB,
    "imdb_id": _IMDB,
    "item_id": _ITEM,
    "movielens_id": ("movielensid",),
    "year": (
        "year", "releaseyear", "releasedyear", "startyear", "yearofrelease", "productionyear", "jahr", "annee", "ano",
    ),
    "release_date": ("releasedate", "released", "datepublished", "premiered", "releasedon", "date"),
    "genres": ("genres", "genre", "listedin", "categories", "category", "genrelist", "genrenames"),
    "genre_ids": ("genreids",),
    "director": ("director", "directors", "directedby", "regie", "directorname"),
    "cast": ("cast", "actors", "stars", "starring", "topcast", "actor", "castmembers"),
    "crew": ("crew",),
    "credits": ("credits",),
    "keywords": ("keywords", "plotkeywords", "keyword", "tags"),
    "overview": ("overview", "description", "plot", "summary", "synopsis", "storyline", "plotsummary", "text"),
    "tagline": ("tagline",),
    "runtime": (
        "runtime", "runtimeminutes", "duration", "length", "minutes", "runningtime", "runtimemin", "lange",
        "laufzeit", "duree",
    ),
    "certification": ("certification", "certificate", "mpaa", "agerating", "contentrating", "rated", "mpaarating"),
    "release_dates": ("releasedates",),
    "series": ("series", "collection", "franchise", "belongstocollection"),
    "language": ("language", "originallanguage", "lang", "languages"),
    "original_title": ("originaltitle", "titleoriginal"),
    "aka": ("aka", "alternativetitles", "othertitles"),
    "vote_average": ("voteaverage", "averagerating", "avgrating", "imdbrating", "imdbscore", "meanrating", "avgvote"),
    "vote_count": ("votecount", "numvotes", "ratingcount", "ratingnumber", "votes", "numratings", "ratingscount"),
    "popularity": ("popularity",),
    "poster_path": ("posterpath", "poster", "posterurl", "image", "imageurl", "posterlink", "img"),
    "kind": ("titletype", "mediatype", "type"),
    "external_ids": ("externalids",),
    "details": ("details",),
}  # fmt: skip
"""Our name -> theirs, most certain first. Each of their columns is used once, in this order."""

EVENT: Mapping[str, tuple[str, ...]] = {
    "user": (
        "userid", "user", "uid", "customerid", "customer", "memberid", "member", "visitorid", "personid", "reviewerid",
        "accountid", "profileid", "viewerid", "viewer", "username", "clientid", "kunde", "kundennummer", "email",
    ),
    "item": _ITEM,
    "tmdb_id": _TMDB,
    "imdb_id": _IMDB,
    "title": _TITLE,
    "event": ("event", "eventtype", "action", "interaction", "interactiontype", "behavior", "behaviour", "activity",
              "type"),
    "value": ("value", "rating", "score", "stars", "overall", "userrating", "yourrating", "note", "bewertung"),
    "ts": (
        "ts", "timestamp", "time", "datetime", "date", "eventtime", "eventtimestamp", "createdat", "unixreviewtime",
        "reviewtime", "ratedat", "watchedat", "viewedat", "timestampms", "when", "datum", "ratingtimestamp",
    ),
}  # fmt: skip

OWN_FILM = frozenset(FILM) - {"movielens_id"}


def folded(name: str) -> str:
    """Fold a name: "Movie_ID" -> "movieid", "Année" -> "annee"."""
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", name.lower()))


def match(names: Sequence[str], wanted: Mapping[str, tuple[str, ...]], maps: Mapping[str, str]) -> dict[str, str]:
    """Return our column -> theirs, for the columns present. ``maps``: the caller's mapping, which wins."""
    by_fold: dict[str, str] = {}
    for name in names:
        by_fold.setdefault(folded(name), name)
    found = {ours: theirs for ours, theirs in maps.items() if ours in wanted and theirs in names}
    taken = set(found.values())
    for ours, aliases in wanted.items():
        if ours in found:
            continue
        for alias in (folded(ours), *aliases):
            theirs = by_fold.get(alias)
            if theirs is not None and theirs not in taken:
                found[ours] = theirs
                taken.add(theirs)
                break
    return found
