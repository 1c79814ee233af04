"""Column names in the wild, folded to letters and digits, and what each stands for."""
# ruff: noqa: RUF001 (other scripts)

import re
import unicodedata
from collections.abc import Mapping, Sequence

_UNIT = re.compile(r"[(\[].*?[)\]]|:(?:token|float)(?:_seq)?$")
"""What follows a name and is none: a unit, a type of RecBole's files."""


def folded(name: str) -> str:
    """Fold a name: "Movie_ID" -> "movieid", "Année" -> "annee", "Runtime (mins)" -> "runtime"; in any script."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(char))
    return re.sub(r"[\W_]", "", _UNIT.sub("", plain)) or re.sub(r"[\W_]", "", plain)


_ITEM = (
    "itemid", "movieid", "filmid", "item", "parentasin", "asin", "lineitemsku", "productid", "sku", "showid",
    "contentid", "mid", "iid", "articleid", "movie", "product", "id",
)  # fmt: skip
_TITLE = (
    "title", "itemlabel", "filmlabel", "movielabel", "lineitemname", "name", "movietitle", "filmtitle", "moviename",
    "filmname", "primarytitle", "productname", "itemname", "itemtitle", "seriestitle", "film", "titel", "filmtitel",
    "titre", "titolo", "titulo", "titles", "movies", "films", "filme", "peliculas", "originaltitle",
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
        "titleyear", "movieyear", "filmyear", "jahr", "erscheinungsjahr", "produktionsjahr", "annee", "anneedesortie",
        "ano", "anno", "jaar",
    ),
    "release_date": (
        "releasedate", "released", "datepublished", "premiered", "releasedon", "originalreleasedate", "dateofrelease",
        "release", "datedesortie", "publicationdate", "date",
    ),
    "genres": (
        "genres", "genre", "listedin", "categories", "category", "genrelist", "genrenames", "genero", "generos",
        "genere", "generi", "kategorie", "genrelabel", "class",
    ),
    "genre_ids": ("genreids",),
    "director": (
        "director", "directors", "directedby", "regie", "regisseur", "directorname", "realisateur", "realisation",
        "regista", "regia", "diretor", "directorlabel",
    ),
    "cast": (
        "cast", "actors", "stars", "starring", "topcast", "actor", "castmembers", "darsteller", "schauspieler",
        "besetzung", "acteurs", "reparto", "attori", "elenco", "actores",
    ),
    "crew": ("crew",),
    "credits": ("credits",),
    "keywords": ("keywords", "plotkeywords", "keyword", "tags"),
    "overview": (
        "overview", "description", "plot", "summary", "synopsis", "storyline", "plotsummary", "movieinfo",
        "beschreibung", "inhalt", "handlung", "sinopsis", "sinopse", "trama", "text",
    ),
    "tagline": ("tagline",),
    "runtime": (
        "runtime", "runtimeminutes", "duration", "length", "minutes", "runningtime", "runtimemin", "runtimemins",
        "lange", "laufzeit", "dauer", "duree", "duracion", "duracao", "durata", "speelduur",
    ),
    "certification": (
        "certification", "certificate", "mpaa", "agerating", "contentrating", "rated", "mpaarating", "officialrating",
        "fsk", "altersfreigabe",
    ),
    "release_dates": ("releasedates",),
    "series": ("series", "collection", "franchise", "belongstocollection"),
    "language": (
        "originallanguage", "language", "lang", "languages", "sprache", "originalsprache", "langue", "idioma", "lingua",
    ),
    "original_title": (
        "originaltitle", "titleoriginal", "originaltitel", "titreoriginal", "titolooriginale", "titulooriginal",
    ),
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
        "accountid", "profileid", "viewerid", "viewer", "username", "clientid", "client", "kunde", "kundennummer",
        "benutzer", "nutzer", "utilisateur", "usuario", "utente", "userpseudoid",
        "anonymousid", "fullvisitorid", "email",
    ),
    "item": _ITEM,
    "tmdb_id": _TMDB,
    "imdb_id": _IMDB,
    "title": _TITLE,
    "event": (
        "event", "eventtype", "action", "interaction", "interactiontype", "behavior", "behaviour", "activity",
        "opinion", "reaction", "verdict", "feedback", "eventname", "feedbacktype", "type",
    ),
    "value": (
        "value", "rating", "score", "stars", "overall", "userrating", "yourrating", "note", "bewertung", "nota", "voto",
        "puntuacion", "liked", "isliked",
    ),
    "ts": (
        "ts", "timestamp", "time", "datetime", "date", "eventtime", "eventtimestamp", "createdat", "unixreviewtime",
        "reviewtime", "ratedat", "watchedat", "viewedat", "timestampms", "when", "datum", "ratingtimestamp", "fecha",
        "watchedon", "viewedon", "ratedon", "watchdate", "viewdate", "eventdate", "orderdate", "orderedat",
        "purchasedate", "purchasedat", "lastwatchedat", "data",
    ),
}  # fmt: skip

_ABROAD: Mapping[str, tuple[str, ...]] = {
    "title": (
        "название", "назва", "фильм", "tytuł", "název", "názov", "cím", "başlık", "film adı", "τίτλος", "tittel",
        "标题", "片名", "电影", "標題", "電影", "タイトル", "作品名", "題名", "제목", "영화",
    ),
    "year": (
        "год", "рік", "rok", "év", "yıl", "έτος", "år", "年份", "年", "公開年", "製作年", "年代", "연도", "개봉년도",
    ),
    "genres": (
        "жанр", "жанры", "gatunek", "žánr", "műfaj", "tür", "είδος", "sjanger", "类型", "類型", "ジャンル", "장르",
    ),
    "director": (
        "режиссёр", "режиссер", "reżyser", "režie", "režisér", "rendező", "yönetmen", "σκηνοθέτης", "regissör",
        "regissør", "导演", "導演", "監督", "감독",
    ),
    "cast": ("актёры", "актеры", "в ролях", "obsada", "aktorzy", "hrají", "szereplők", "oyuncular", "主演", "演员",
             "演員", "出演者", "キャスト", "출연"),
    "overview": (
        "описание", "сюжет", "opis", "popis", "leírás", "özet", "beskrivelse", "简介", "剧情", "あらすじ", "줄거리",
    ),
    "runtime": ("длительность", "czas trwania", "délka", "süre", "片长", "时长", "上映時間", "상영시간"),
    "original_title": (
        "оригинальное название", "tytuł oryginalny", "původní název", "orijinal adı", "原名", "原題", "원제",
    ),
    "user": ("пользователь", "użytkownik", "uživatel", "kullanıcı", "gebruiker", "användare", "用户", "用戶",
             "ユーザー", "사용자"),
    "value": ("оценка", "ocena", "hodnocení", "puan", "betyg", "评分", "評分", "評価", "평점"),
    "ts": ("дата", "datum", "tarih", "日期", "時間", "日付", "날짜"),
}  # fmt: skip
_ABROAD_FOLDED = {ours: tuple(map(folded, names)) for ours, names in _ABROAD.items()}
_SEVERAL = ("cast", "director", "genres", "keywords")
_NUMBERED = re.compile(r"([a-z]+?)s?\d{1,2}(?:name)?")


def match(names: Sequence[str], wanted: Mapping[str, tuple[str, ...]], maps: Mapping[str, str]) -> dict[str, str]:
    """Return our column -> theirs, for the columns present. ``maps``: the caller's mapping, which wins."""
    by_fold: dict[str, str] = {}
    for name in names:
        by_fold.setdefault(folded(name), name)
    named = {
        ours: theirs if theirs in names else by_fold.get(folded(theirs) or theirs) for ours, theirs in maps.items()
    }
    found = {ours: theirs for ours, theirs in named.items() if ours in wanted and theirs is not None}
    taken = set(found.values())
    for ours, aliases in wanted.items():
        if ours in found:
            continue
        for alias in (folded(ours), *aliases, *_ABROAD_FOLDED.get(ours, ())):
            theirs = by_fold.get(alias)
            if theirs is not None and theirs not in taken:
                found[ours] = theirs
                taken.add(theirs)
                break
    return found


def numbered(names: Sequence[str], found: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that hold one name each, "Star1", "actor_2_name", as "cast", "cast.2"; none of those taken."""
    free = [name for name in names if name not in found.values()]
    columns: dict[str, str] = {}
    for name in free:
        match = _NUMBERED.fullmatch(folded(name))
        word = {match[1], f"{match[1]}s"} if match else set()
        ours = next((each for each in _SEVERAL if not word.isdisjoint(FILM[each])), None)
        if ours:
            columns[f"{ours}.{len(columns) + 1}" if ours in found or ours in columns else ours] = name
    return columns
