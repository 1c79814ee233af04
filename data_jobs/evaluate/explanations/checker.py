"""An independent checker of sentences: it extracts the claims of a sentence and looks them up.

It shares no code with ``services/recommender/sentences`` and works in the opposite direction: names that are true of
the film are replaced with a sign for their kind. The rest must not name anything, and its claims about those names must
hold. A capitalised word is a name unless it occurs in lower case in the catalogue's overviews.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from services.recommender.domain import genres
from services.recommender.domain.request import Reason, ReasonKind

MOST_WORDS = 22
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
_SMALL = re.compile(r"\b[a-z][a-z'-]*\b")
_VERBS = re.compile(r"Because you (liked|watched|looked at) ")
_NUMBERS = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|first|second|third)\b"
)
# Signs that replace names while the rest is checked; they do not occur in sentences.
_OWN, _FILM, _DIRECTOR, _ACTOR, _BOTH, _TRAIT, _TIME = _SIGNS = "◆▲●■★▼◎"
_PERSON = f"[{_DIRECTOR}{_ACTOR}{_BOTH}]"
_AND = f"(?:(?:{_PERSON}|and|,|&|\\s)*)"


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """The catalogue's facts about a film, and the reasons for its recommendation."""

    title: str
    year: int | None
    genres: tuple[str, ...]
    directors: tuple[str, ...]
    cast: tuple[str, ...]
    keywords: tuple[str, ...]
    language: str
    reasons: tuple[Reason, ...]


class Checker:
    """Checks sentences about films of one catalogue. ``overviews``: of its films. ``languages``: adjective -> language
    codes.
    """

    def __init__(self, overviews: Iterable[str], languages: dict[str, tuple[str, ...]]) -> None:
        self._words: Counter[str] = Counter()
        for overview in overviews:
            self._words.update(set(_SMALL.findall(overview)))
        self._languages = languages

    def faults(self, sentence: str, film: FilmFacts) -> list[str]:
        """Return the faults of a sentence; empty if none is found."""
        bare = _without_names(sentence.replace(_APOSTROPHE, "'"), film)
        low = bare.lower()
        return [
            *_length_faults(sentence),
            *self._name_faults(bare, film),
            *_genre_faults(low, film),
            *_role_faults(low),
            *_verb_faults(low, film),
            *_claim_faults(low, film),
            *_relation_faults(low, film),
        ]

    def _name_faults(self, bare: str, film: FilmFacts) -> Iterator[str]:
        for match in re.finditer(r"[^\W_]+", bare):
            word = match[0]
            if any(sign.isdigit() for sign in word):
                yield f"number {word}"
            elif word.lower() in self._languages:
                if film.language not in self._languages[word.lower()]:
                    yield f"language {word}"
            elif word[0].isupper() and word.lower() not in ("imax", "tv"):
                inside = match.start() > 0 and bare[: match.start()].strip("“\"' ") != ""
                if inside or not self._is_word(word):
                    yield f"name {word}"
        if _NUMBERS.search(bare.lower()):
            yield "a number in words"
        for quoted in re.findall(r"“([^”]*)”", bare):
            if re.search(r"[^\W_]", re.sub(f"[{_SIGNS}]|\\band\\b", "", quoted)):
                yield f"quotation {quoted}"

    def _is_word(self, word: str) -> bool:
        low = word.lower()
        return low in self._words or low in _COMMON


_COMMON_TEXT = """
a an the it its this that these you your here there from with because since if for what who when as between among
another somebody someone anyone anybody having close widely well known not no nothing hardly few many most one part
start liking both taken together found of in also plenty yes try next
"""
_COMMON = frozenset(_COMMON_TEXT.split())


def _without_names(sentence: str, film: FilmFacts) -> str:
    """Return the sentence with each name that is true of the film replaced with its sign."""
    names = sorted(_names(film), key=lambda pair: -len(pair[0]))
    for name, sign in names:
        if name:
            pattern = rf"(?<![\w]){re.escape(name)}(?:'s)?(?![\w])"
            flags = re.IGNORECASE if sign in (_TRAIT, _TIME) else 0
            sentence = re.sub(pattern, sign, sentence, flags=flags)
    return sentence


def _names(film: FilmFacts) -> Iterator[tuple[str, str]]:
    yield film.title, _OWN
    both = {*film.directors} & {*film.cast}
    for person in {*film.directors, *film.cast}:
        sign = _BOTH if person in both else _DIRECTOR if person in film.directors else _ACTOR
        yield person, sign
        if " " in person:
            yield person.rpartition(" ")[2], sign
    for keyword in film.keywords:
        yield keyword, _TRAIT
    if film.year:
        yield str(film.year), _TIME
        yield f"{film.year // 10 * 10}s", _TIME
    for reason in film.reasons:
        yield from _reason_names(reason, film)


def _reason_names(reason: Reason, film: FilmFacts) -> Iterator[tuple[str, str]]:
    subject = reason.subject
    if reason.kind is ReasonKind.LIKED and reason.item_id is not None:
        yield subject, _FILM
        yield re.sub(r" \(\d{4}\)$", "", subject), _FILM
    elif reason.kind is ReasonKind.DECADE:
        yield subject, _TIME
    elif reason.kind in _TRAIT_KINDS and subject not in (*film.directors, *film.cast):
        yield subject, _TRAIT
        yield subject.removeprefix("The "), _TRAIT
    yield from ((quoted, _TRAIT) for quoted in re.findall(r"“([^”]*)”", reason.text))
    if reason.kind is ReasonKind.QUERY and (minutes := re.fullmatch(r"(\d+) minutes", reason.text)):
        yield f"{minutes[1]}-minute", _TIME


_TRAIT_KINDS = frozenset({ReasonKind.KEYWORD, ReasonKind.SERIES, ReasonKind.QUERY, ReasonKind.NEAREST})


def _length_faults(sentence: str) -> Iterator[str]:
    if len(sentence.split()) > MOST_WORDS:
        yield f"more than {MOST_WORDS} words"


def _genres_in(text: str) -> Iterator[tuple[str, int]]:
    """Yield genres with their positions, named by a word or two, singular or plural."""
    words = [(match[0], match.start()) for match in re.finditer(r"[a-z][a-z-]*", text)]
    pairs = [(f"{left} {right}", at) for (left, at), (right, _) in pairwise(words)]
    for word, at in (*pairs, *words):
        for form in (word, word.removesuffix("s"), word.removesuffix("ies") + "y", _ADJECTIVES.get(word, word)):
            if (name := genres.canonical(form)) is not None:
                yield name, at
                break


_ADJECTIVES = {"comic": "comedy", "scary": "horror", "films noirs": "film noir", "noirs": "noir", "dramatic": "drama"}


def _genre_faults(low: str, film: FilmFacts) -> Iterator[str]:
    stated_genres = {reason.subject for reason in film.reasons if reason.kind in (ReasonKind.GENRE, ReasonKind.POPULAR)}
    queried = [reason.text.lower() for reason in film.reasons if reason.kind is ReasonKind.QUERY]
    # "Dark comedy", matched by a keyword, may be called a comedy.
    requested = {genre for text in queried for genre, _ in _genres_in(text)}
    liked = stated_genres if any(reason.kind is ReasonKind.GENRE for reason in film.reasons) else set()
    for genre, at in _genres_in(low):
        if genre not in (*film.genres, *stated_genres, *requested):
            yield f"genre {genre}"
        before, after = low[:at], low[at:]
        if _LIKES.search(before) and genre not in liked:
            yield f"a liking for {genre}"
        if re.match(r"[^,;:]*,? (?:a|which is a) (?:genre|kind)[^,]* you like", after) and genre not in liked:
            yield f"a liking for {genre}"


_FORETELLING = "may|might|could|should|will|would"
_LIKES = re.compile(
    rf"(?:\byou (?:(?!{_FORETELLING})\w+ ){{0,3}}(?:like|enjoy|prefer|liked|enjoyed)|\bfans? of)(?: an?)? (?:\w+ )?$"
)


def _role_faults(low: str) -> Iterator[str]:
    """Yield people in the wrong role, director or actor."""
    if re.search(rf"(?:\bby|direct\w*|filmmaker|maker) (?:by |director )?{_AND}{_ACTOR}", low):
        yield "not a director"
    if re.search(rf"{_ACTOR}{_AND}(?:(?:also )?(?:directed|directs|made|is the (?:maker|director)))", low):
        yield "not a director"
    if re.search(rf"(?:\bstar\w*|\bwith|actors?|actress) {_AND}{_DIRECTOR}(?! directing)", low):
        yield "not an actor"
    if re.search(rf"{_DIRECTOR}{_AND}(?:stars?\b|plays\b|acts\b|is in)", low):
        yield "not an actor"


def _verb_faults(low: str, film: FilmFacts) -> Iterator[str]:
    """Yield wrong claims about what the person did and with which film."""
    texts = [reason.text for reason in film.reasons]
    verbs = {match[1] for text in texts if (match := _VERBS.match(text))}
    traits = any(("you liked" in text or "have liked" in text) and not _VERBS.match(text) for text in texts)
    for verb, allowed in (("liked", "liked" in verbs or traits), ("watched", "watched" in verbs),
                          ("looked at", "looked at" in verbs)):  # fmt: skip
        if re.search(rf"\byou(?:'ve| have)?(?: really)? {verb}\b", low) and not allowed:
            yield f"{verb}: not in a reason"
    if re.search(r"\b(?:loved|adored|hated|disliked|favourites?|favorites?)\b", low):
        yield "a feeling: not in a reason"
    if re.search(rf"you (?:liked|watched|enjoyed|looked at) (?:{_FILM} (?:and|or) )?{_OWN}", low):
        yield "the recommended film called liked"
    if re.search(rf"{_OWN},? (?:which|that|as|whom) you (?:liked|watched|enjoyed)", low):
        yield "the recommended film called liked"
    if _FILM in low and verbs == {"watched"} and re.search(r"\b(?:liked|enjoyed)\b", low):
        yield "liked, but was watched"
    if _FILM in low and verbs == {"liked"} and re.search(r"\b(?:watched|looked at)\b", low):
        yield "watched, but was liked"


def _claim_faults(low: str, film: FilmFacts) -> Iterator[str]:
    """Yield wrong claims of fame, matches, queries and praise, and wrong denials."""
    stated = " | ".join(reason.text for reason in film.reasons)
    kinds = {reason.kind for reason in film.reasons}
    denied = re.search(r"\b(?:not|no match|never|none|nobody|didn't|doesn't|isn't|hardly|nothing)\b", low)
    unknown = re.search(r"\b(?:few|hardly anybody|not many|still to be found)\b", low) and "better known" not in low
    famous = re.search(r"\b(?:known|popular|famous)\b|\bmany (?:people|here)\b", low)
    near = ReasonKind.NEAREST in kinds
    if near and not denied:
        yield "no match called a match"
    if unknown and "Not yet well known" not in stated:
        yield "little known: not in a reason"
    if famous and not unknown and "Popular" not in stated:
        yield "well known: not in a reason"
    if re.search(r"\byou (?:asked|wanted|named|searched)|\byour (?:question|search|words?)\b", low) and not (
        kinds & {ReasonKind.QUERY, ReasonKind.NEAREST}
    ):
        yield "a query: there was none"
    if re.search(r"\b(?:not|never|didn't|don't|doesn't) (?:like|enjoy|watch)", low):
        yield "a denial"
    if denied and not near and not unknown and "not far" not in low:
        yield "a denial"
    if re.search(r"\b(?:award|oscar|prize|masterpiece|acclaimed|critics|bafta|palme|nominat\w+)", low):
        yield "praise by others"
    if "similar story" in low and "similar story" not in stated:
        yield "a similar story: not in a reason"
    if "same people" in low and "same people" not in stated:
        yield "the same people: not in a reason"


_PART = "(?:directors?|stars?|cast|actors?|leads?|team|makers?|people)"
# Claims about two films or a person in another film, each with the signs and the reason prefixes that support it.
_RELATIONS = (
    (rf"\bdirector(?!s? of {_PERSON})\w*|\bfilmmaker", (f"{_DIRECTOR}{_BOTH}", "Directed by", "Also directed by")),
    (r"\bcast\b|\bactor|\bactress|\bstars?\b|\bstarr", (f"{_ACTOR}{_BOTH}", "With ", "Also with ")),
    (r"\bseries\b", ("", "From the ", "Also in the ")),
    (r"\bdecades?\b", (_TIME, "From the ", "Also from the ")),
    (r"\bsame languages?\b", ("", "In ", "Also in ")),
    (r"\bsame (?:\w+ )?(?:year|world|title)", ()),
    (r"\btrue (?:story|tale)", ("", "True story")),
    (r"\b(?:continues?|follows|extends) (?:\w+ ){0,4}(?:story|tale|▲)|\b(?:before|where) ▲", ()),
    (r"\b(?:follows|comes? before) (?:another|one)\b", ()),
    (rf"{_PERSON}(?: [a-z]+){{0,3}} (?:in|behind|directed|made|starred(?: in)?) ▲|{_PERSON} of ▲", ()),
    (rf"\b{_PART}(?: [a-z]+){{0,3}} (?:as|with|of|in|behind|from) ▲", ()),
    (rf"\b(?:like|in) ▲(?:, which you [a-z ]+)?,(?: [a-z]+){{0,3}} (?:{_PERSON}|◎|stars|directed)", ()),
    (r"\bmade (?:\w+ )?(?:after|before) ▲|\byou(?:'ve| have)? liked (?:all|most|every)", ()),
    (r"\bin its title", ("", "Titled ")),
    (r"▲(?:, which you [a-z ]+,)? (?:is|was|has|stars) [^.;:]*(?:◎|\d{3}|" + _PERSON + ")", ()),
    (r"\bliked by (?!you)|\bpeople (?:like|enjoy)", ("", "Liked by the same people")),
    (r"\byou(?:'ve| have) been (?:watching|seeing)|\byou like it already", ()),
    (r"\byou (?:often|always|usually|regularly)\b|\byour (?:most|usual)\b", ()),
    (r"(?<!not )\b(?:far|away|different) from\b", ()),
    (r"\bsimilar\b[^.]*\bstor|\bstor(?:y|ies)\b[^.]*\b(?:similar|same)\b", ("", "A similar story")),
    (rf"\byou (?:like|enjoy|prefer|liked|enjoyed) (?:what )?{_PERSON}", ("", "Directed by", "With ")),
)  # fmt: skip


def _relation_faults(low: str, film: FilmFacts) -> Iterator[str]:
    """Yield claims about other films, people's parts in them, and habits, that no reason supports."""
    texts = [reason.text for reason in film.reasons]
    for claim, support in _RELATIONS:
        if (match := re.search(claim, low)) is None:
            continue
        signs, *prefixes = support or ("",)
        named = any(sign in low for sign in signs)
        if not named and not any(text.startswith(prefix) for text in texts for prefix in prefixes):
            yield f"a relation: {match[0]}"
