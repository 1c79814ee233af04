"""Sentences for search results: a noun phrase of the conditions a film meets, or that it does not match."""

import re
from collections.abc import Iterator, Sequence

from services.adapters.explain.phrases import ALONE, shape_of
from services.recommender.domain import genres
from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.ports import Evidence
from services.recommender.query.words.language_words import LANGUAGES
from services.recommender.sentences.genre_nouns import noun_of

Way = tuple[tuple[str, ...], dict[str, str]]
_YEAR = re.compile(r"From (\d{4})")
_RUNTIME = re.compile(r"(\d+) minutes")
_TONGUES = frozenset(shown for shown, _ in LANGUAGES.values())
_QUOTED = re.compile(r"“[^”]*”")

_ASKED = (
    "{what}, as you asked",
    "You asked, and here it is: {what}",
    "{title} is {what}, which is what you asked for",
    "What you asked for: {what}",
    "It is {what}, just as you asked",
)
_CALLED = ("It goes by the very name you asked for", "This is the film you named")
_WORDS = (
    "You asked for {words}, and this came up",
    "Of what you asked, it has {words}",
    "{words} in your question brought this up",
    "{title} came up for {words}, as you asked",
    "It has to do with {words}, as you asked",
)
_MEANING = (
    "It comes close in meaning to what you asked for",
    "{title} is not far in meaning from what you asked for",
    "In meaning it is near to what you asked for",
)
_MORE = (
    "{what}, as you asked, with {words} in it",
    "It is {what}, and has {words} from what you asked",
    "You asked for {words}, and here it is in {what}",
    "Here is {what}, found by {words}",
    "{title} is {what}, and {words} led to it",
)
_WITH_FILM = (
    "{what}, as you asked, and close to {film}, which you liked",
    "You asked for this and you liked {film}: here is {what}",
)
_NEAR = (
    "It does not fit “{query}” exactly, but comes near to it",
    "Not quite “{query}”, but not far from it",
    "Nothing says that it is “{query}”; it only comes near",
)
_FAR = (
    "It does not match “{query}”; it is only well known here",
    "No match for “{query}”, but many people here know it",
)
_NEAR_BARE = ("It does not match what you asked for, but comes near to it",)
_FAR_BARE = ("It does not match what you asked for; it is only well known here",)


def near_miss(reasons: Sequence[Reason], own: dict[str, str]) -> Iterator[Way]:
    """Yield forms saying that the film does not match the query."""
    reason = next(each for each in reasons if each.kind is ReasonKind.NEAREST)
    far = reason.text.startswith("Popular")
    if "“" not in reason.subject and "”" not in reason.subject:
        yield (_FAR if far else _NEAR), {**own, "query": reason.subject}
    yield (_FAR_BARE if far else _NEAR_BARE), own


def asked_for(evidence: Evidence, own: dict[str, str]) -> Iterator[Way]:
    """Yield forms for a matching film: what it matches of the query, then what of the taste."""
    query_reasons = [reason for reason in evidence.reasons if reason.kind is ReasonKind.QUERY]
    rest = [reason for reason in evidence.reasons if reason.kind is not ReasonKind.QUERY]
    if any(reason.text.startswith("Titled") for reason in query_reasons):
        yield _CALLED, own
    what, words = _noun_phrase(query_reasons), _words(query_reasons)
    film = next((reason for reason in rest if shape_of(reason) == "liked"), None)
    if what and film is not None:
        yield _WITH_FILM, {**own, "what": what, "film": film.subject}
    if what and words:
        yield _MORE, {**own, "what": what, "words": words}
    if what:
        yield _ASKED, {**own, "what": what}
    if words:
        yield _WORDS, {**own, "words": words}
    if any(reason.text.startswith("Close in meaning") for reason in query_reasons):
        yield _MEANING, own
    for reason in rest:
        if reason.kind is ReasonKind.LIKED and reason.item_id and (forms := ALONE.get(shape_of(reason))):
            yield forms, {**own, "film": reason.subject}


def _words(reasons: Sequence[Reason]) -> str:
    quoted = [_QUOTED.findall(reason.text) for reason in reasons if reason.text.startswith("Matches")]
    return _listed([word for words in quoted for word in words])


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _noun_phrase(reasons: Sequence[Reason]) -> str:
    """Return a phrase such as "a sad French comedy with Jim Carrey from 1994"; "" if no condition can be phrased so."""
    noun = ""
    before: list[str] = []
    after: list[str] = []
    for reason in reasons:
        text = reason.text
        if behind := _behind(reason):
            after.append(behind)
        elif runtime := _RUNTIME.fullmatch(text):
            before.insert(0, f"{runtime[1]}-minute")
        elif genres.canonical(text):
            # "Drama" together with "Comedy": one becomes the noun, both are met.
            noun = noun or noun_of(text).one
        elif text.isalpha():
            before.append(text if text in _TONGUES else text.lower())
    if not (noun or before or after):
        return ""
    words = [*sorted(before, key=lambda word: word in _TONGUES), noun.partition(" ")[2] if noun else "film", *after]
    return f"{_article(words[0])} {' '.join(words)}"


def _behind(reason: Reason) -> str:
    """Return what follows the noun: makers, cast, series, year, audience."""
    text = reason.text
    if text.startswith("Directed by "):
        return f"by {reason.subject}"
    if text.startswith("With "):
        return f"with {reason.subject}"
    if text.startswith("From the ") and text.endswith(" series"):
        return f"of the {reason.subject.removeprefix('The ')} series"
    if year := _YEAR.fullmatch(text):
        return f"from {year[1]}"
    return text[0].lower() + text[1:] if text.startswith("For ") else ""


def _article(word: str) -> str:
    return "an" if word[:1].lower() in "aeiou" or word.startswith(("8", "11-", "18-")) else "a"
