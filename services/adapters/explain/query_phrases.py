"""Sentences for search results: the conditions that a film meets, as a noun phrase, or that it does not match."""

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
_LANGUAGE_NAMES = frozenset(shown for shown, _ in LANGUAGES.values())
_QUOTED = re.compile(r"“[^”]*”")
# Beginnings of reasons that are not adjectives: they follow the noun, or have forms of their own.
_NOT_ADJECTIVES = ("Directed by ", "With ", "From ", "For ", "Titled ", "Matches ", "Close in meaning ")

# Name of a film that meets these conditions; other conditions are genres, or adjectives used unchanged.
_NOUN_PHRASES = {
    "Animated short": "an animated short", "Anime": "an anime film", "Biopic": "a biopic",
    "Chick flick": "a chick flick", "Dark comedy": "a dark comedy", "Romantic comedy": "a romantic comedy",
    "Short film": "a short film", "Spaghetti western": "a spaghetti western", "TV film": "a TV film",
}  # fmt: skip
_AFTER = {
    "Beautiful to look at": "that is beautiful to look at", "Black and white": "in black and white",
    "True story": "with a true story behind it",
}  # fmt: skip

_ASKED = (
    "{what}, as you asked",
    "You asked, and here it is: {what}",
    "{title} is {what}, which is what you asked for",
    "What you asked for: {what}",
    "It is {what}, just as you asked",
    "As you asked, here is {what}",
    "You wanted {what}, and {title} is one",
)
_CALLED = ("It has exactly the title you asked for", "You asked for this title, and here it is")
_WORDS = (
    "You asked for {words}, and this came up",
    "It has to do with {words}, as you asked",
    "Your search for {words} led to {title}",
    "{title} came up for {words}, as you asked",
    "Here is one with {words} in it, as you asked",
    "For {words}, as you asked, there is {title}",
    "One for {words}, as you asked",
)
_MEANING = (
    "It comes close in meaning to what you asked for",
    "{title} is not far in meaning from what you asked for",
    "In meaning it is near to what you asked for",
)
_MORE = (
    "{what}, as you asked, with {words} in it",
    "You asked for {words}: here is {what} that came up",
    "It is {what}, and has to do with {words}, as you asked",
    "Here is {what} that came up for {words}",
    "{title} is {what} that has to do with {words}, as you asked",
)
_WITH_FILM = (
    "{what}, as you asked, and close to {film}, which you liked",
    "It is {what}, just as you asked, and near to {film}, which you liked",
    "As you asked, here is {what}; it is close to {film}, which you liked",
    "{title} is {what}, as you asked, and not far from {film}, which you liked",
)
_LIKE_ANOTHER = (
    "{what}, as you asked, and {also}",
    "It is {what}, just as you asked, and {also}",
    "{title} is {what}, as you asked, and {also}",
    "As you asked, here is {what}; it is {also}",
)
_ALSO = {
    "also director": "by the same director, {name}", "also cast": "with {name} as well",
    "also keyword": "about “{name}”, too", "also series": "of the same series",
    "also decade": "from the {name} as well", "same people": "liked by the same people",
}  # fmt: skip
_NEAR = (
    "It does not fit “{query}” exactly, but comes close",
    "Not quite “{query}”, but not far from it",
    "Nothing says that it is “{query}”; it only comes close",
    "Close to “{query}”, though not a match",
    "{title} is not quite “{query}”, but comes close",
)
_FAR = (
    "It does not match “{query}”; it is here because it is well known",
    "No match for “{query}”, but many people know it",
    "Well known, though it does not match “{query}”",
    "Many people know it, but it does not match “{query}”",
)
_NEAR_BARE = ("It does not match what you asked for, but comes close",)
_FAR_BARE = ("It does not match what you asked for; it is here because it is well known",)


def near_miss(reasons: Sequence[Reason], own: dict[str, str]) -> Iterator[Way]:
    """Yield forms saying that the film does not match the query."""
    reason = next(each for each in reasons if each.kind is ReasonKind.NEAREST)
    far = reason.text.startswith("Popular")
    if "“" not in reason.subject and "”" not in reason.subject:
        yield (_FAR if far else _NEAR), {**own, "query": reason.subject}
    yield (_FAR_BARE if far else _NEAR_BARE), own


def asked_for(evidence: Evidence, own: dict[str, str]) -> Iterator[Way]:
    """Yield forms for a matching film: what it matches in the query, then what it matches in the taste."""
    query_reasons = [reason for reason in evidence.reasons if reason.kind is ReasonKind.QUERY]
    taste_reasons = [reason for reason in evidence.reasons if reason.kind is not ReasonKind.QUERY]
    if any(reason.text.startswith("Titled") for reason in query_reasons):
        yield _CALLED, own
    what = _noun_phrase(query_reasons)
    words = _words(query_reasons, what)
    film = next((reason for reason in taste_reasons if shape_of(reason) == "liked"), None)
    also = next((reason for reason in taste_reasons if shape_of(reason) in _ALSO), None)
    if what and film is not None:
        yield _WITH_FILM, {**own, "what": what, "film": film.subject}
    if what and also is not None and not words:
        connection = _ALSO[shape_of(also)].format(name=also.subject)
        yield _LIKE_ANOTHER, {**own, "what": what, "also": connection}
    if what and words:
        yield _MORE, {**own, "what": what, "words": words}
    if what:
        yield _ASKED, {**own, "what": what}
    if words:
        yield _WORDS, {**own, "words": words}
    if any(reason.text.startswith("Close in meaning") for reason in query_reasons):
        yield _MEANING, own
    for reason in taste_reasons:
        if reason.kind is ReasonKind.LIKED and reason.item_id and (forms := ALONE.get(shape_of(reason))):
            yield forms, {**own, "film": reason.subject}


def _words(reasons: Sequence[Reason], what: str) -> str:
    """Return the quoted words that a film matches, without those of its noun phrase, such as a series' name."""
    quoted = [_QUOTED.findall(reason.text) for reason in reasons if reason.text.startswith("Matches")]
    in_phrase = set(what.lower().split())
    return _listed([word for words in quoted for word in words if word.strip("“”").lower() not in in_phrase])


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _noun_phrase(reasons: Sequence[Reason]) -> str:
    """Return a phrase such as "a sad French comedy with Jim Carrey from 1994"; "" without conditions."""
    nouns: list[str] = []
    before: list[str] = []
    for text in (reason.text for reason in reasons):
        if runtime := _RUNTIME.fullmatch(text):
            before.insert(0, f"{runtime[1]}-minute")
        elif text in _NOUN_PHRASES or genres.canonical(text):
            nouns.append(_NOUN_PHRASES.get(text) or noun_of(text).one)
        elif not (text in _AFTER or text.startswith(_NOT_ADJECTIVES)):
            before.append(text if text in _LANGUAGE_NAMES else text.lower())
    after = _after_noun(reasons)
    if not (nouns or before or after):
        return ""
    # "Drama" together with "Comedy": both are met.
    after += [f"that is also {noun}" for noun in nouns[1:]]
    noun = nouns[0].partition(" ")[2] if nouns else "film"
    words = [*sorted(before, key=lambda word: word in _LANGUAGE_NAMES), noun, *after]
    return f"{_article(words[0])} {' '.join(words)}"


def _after_noun(reasons: Sequence[Reason]) -> list[str]:
    """Return what follows the noun: makers, cast, series, year, audience."""
    people: dict[str, list[str]] = {"by": [], "with": []}
    details: list[str] = []
    for reason in reasons:
        text = reason.text
        if text.startswith(("Directed by ", "With ")):
            people["with" if text.startswith("With ") else "by"].append(reason.subject)
        elif text.startswith("From the ") and text.endswith(" series"):
            details.append(f"of the {reason.subject.removeprefix('The ')} series")
        elif year := _YEAR.fullmatch(text):
            details.append(f"from {year[1]}")
        elif text.startswith("For ") or text.endswith(" or its directors"):
            details.append(text[0].lower() + text[1:])
        elif text in _AFTER:
            details.append(_AFTER[text])
    return [*(f"{role} {_listed(names)}" for role, names in people.items() if names), *details]


def _article(word: str) -> str:
    return "an" if word[:1].lower() in "aeiou" or word.startswith(("8", "11-", "18-")) else "a"
