"""Genre nouns for sentences: "a crime film", "westerns"."""

from typing import NamedTuple

from services.recommender.domain import genres


class Noun(NamedTuple):
    """``one``: singular with article; ``many``: plural."""

    one: str
    many: str


_NOUNS = {
    "Comedy": Noun("a comedy", "comedies"),
    "Documentary": Noun("a documentary", "documentaries"),
    "Drama": Noun("a drama", "dramas"),
    "Fantasy": Noun("a fantasy film", "fantasy films"),
    "Film-Noir": Noun("a film noir", "films noirs"),
    "History": Noun("a historical film", "historical films"),
    "IMAX": Noun("an IMAX film", "IMAX films"),
    "Music": Noun("a film about music", "films about music"),
    "Musical": Noun("a musical", "musicals"),
    "Mystery": Noun("a mystery", "mysteries"),
    "Romance": Noun("a romance", "romances"),
    "Animation": Noun("an animated film", "animated films"),
    "TV Movie": Noun("a TV film", "TV films"),
    "Thriller": Noun("a thriller", "thrillers"),
    "Western": Noun("a western", "westerns"),
}


def noun_of(genre: str) -> Noun:
    """Return the noun of a genre, by any of its names; other words are used as an adjective: "a sad film"."""
    name = genres.canonical(genre) or genre
    if name in _NOUNS:
        return _NOUNS[name]
    words = name.lower() if name in genres.GENRES else name
    article = "an" if words[:1].lower() in "aeiou" else "a"
    return Noun(f"{article} {words} film", f"{words} films")


# Words for a genre besides its nouns.
_WORDS = {
    "Animation": ("animation", "animated", "cartoon"),
    "Comedy": ("comedy", "comedies", "comic", "comedic", "funny", "humour", "humor"),
    "Crime": ("crime", "criminal", "gangster", "mob", "noirish"),
    "Documentary": ("documentary", "documentaries"),
    "Drama": ("drama", "dramatic"),
    "Family": ("family", "children", "kids"),
    "Fantasy": ("fantasy", "fantastical"),
    "Film-Noir": ("noir", "noirs"),
    "History": ("history", "historical", "historic", "period"),
    "Horror": ("horror", "scary", "slasher"),
    "IMAX": ("imax",),
    "Music": ("music",),
    "Musical": ("musical", "musicals"),
    "Mystery": ("mystery", "mysteries", "whodunit"),
    "Romance": ("romance", "romantic"),
    "Science Fiction": ("science", "fiction", "sci-fi", "scifi"),
    "Thriller": ("thriller", "thrilling"),
    "TV Movie": ("tv", "television"),
    "War": ("war", "wartime"),
    "Western": ("western",),
    "Action": ("action", "action-packed"),
    "Adventure": ("adventure", "adventurous"),
}


def said_of(genre: str) -> tuple[str, ...]:
    """Return the words that name a genre, in lower case."""
    return _WORDS.get(genre, ())


GENRE_WORDS = frozenset(word for words in _WORDS.values() for word in words)
