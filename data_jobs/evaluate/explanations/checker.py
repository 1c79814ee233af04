"""An independent checker of sentences: it extracts each claim from the sentence and looks it up.

It shares no code with ``services/recommender/sentences`` and works in the opposite direction: true names of the film
are removed, by kind; the rest must not name anything, and its claims about those names must hold. A word counts as
known if it occurs in lower case in the catalogue's overviews.
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
# Signs that stand in for a name while the rest is read; no sentence has them.
_OWN, _FILM, _DIRECTOR, _ACTOR, _BOTH, _TRAIT, _TIME = _SIGNS = "◆▲●■★▼◎"
_PERSON = f"[{_DIRECTOR}{_ACTOR}{_BOTH}]"
_AND = f"(?:(?:{_PERSON}|and|,|&|\\s)*)"


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """The catalogue's facts about a film, and why it was recommended."""

    title: str
    year: int | None
    genres: tuple[str, ...]
    directors: tuple[str, ...]
    cast: tuple[str, ...]
    keywords: tuple[str, ...]
    language: str
    reasons: tuple[Reason, ...]


class Checker:
    """Judges sentences about films of one catalogue. ``words``: from its overviews; ``tongues``: language adjectives
    with their codes.
    """

    def __init__(self, overviews: Iterable[str], tongues: dict[str, tuple[str, ...]]) -> None:
        self._words: Counter[str] = Counter()
        for overview in overviews:
            self._words.update(set(_SMALL.findall(overview)))
        self._tongues = tongues

    def faults(self, sentence: str, film: FilmFacts) -> list[str]:
        """Return what is wrong with a sentence, empty if it is true."""
        bare = _without_names(sentence.replace(_APOSTROPHE, "'"), film)
        low = bare.lower()
        return [
            *_of_length(sentence),
            *self._of_names(bare, film),
            *_of_genres(low, film),
            *_of_roles(low),
            *_of_verbs(low, film),
            *_of_claims(low, film),
            *_of_relations(low, film),
        ]

    def _of_names(self, bare: str, film: FilmFacts) -> Iterator[str]:
        for match in re.finditer(r"[^\W_]+", bare):
            word = match[0]
            if any(sign.isdigit() for sign in word):
                yield f"number {word}"
            elif word.lower() in self._tongues:
                if film.language not in self._tongues[word.lower()]:
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
another somebody anyone anybody having close widely well known not no nothing hardly few many most one part start liking
both taken together found of in also plenty yes try next
"""
_COMMON = frozenset(_COMMON_TEXT.split())


def _without_names(sentence: str, film: FilmFacts) -> str:
    """Return the sentence with a sign in place of each name that is true of the film."""
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
        yield from _of_reason(reason, film)


def _of_reason(reason: Reason, film: FilmFacts) -> Iterator[tuple[str, str]]:
    subject = reason.subject
    if reason.kind is ReasonKind.LIKED and reason.item_id is not None:
        yield subject, _FILM
        yield re.sub(r" \(\d{4}\)$", "", subject), _FILM
    elif reason.kind is ReasonKind.DECADE:
        yield subject, _TIME
    elif reason.kind in _OF_TRAITS and subject not in (*film.directors, *film.cast):
        yield subject, _TRAIT
        yield subject.removeprefix("The "), _TRAIT
    yield from ((quoted, _TRAIT) for quoted in re.findall(r"“([^”]*)”", reason.text))
    if reason.kind is ReasonKind.QUERY and (minutes := re.fullmatch(r"(\d+) minutes", reason.text)):
        yield f"{minutes[1]}-minute", _TIME


_OF_TRAITS = frozenset({ReasonKind.KEYWORD, ReasonKind.SERIES, ReasonKind.QUERY, ReasonKind.NEAREST})


def _of_length(sentence: str) -> Iterator[str]:
    if len(sentence.split()) > MOST_WORDS:
        yield "more than 22 words"


def _genres_in(text: str) -> Iterator[tuple[str, int]]:
    """Yield genres and where they are named: words and word pairs, singular or plural."""
    words = [(match[0], match.start()) for match in re.finditer(r"[a-z][a-z-]*", text)]
    pairs = [(f"{left} {right}", at) for (left, at), (right, _) in pairwise(words)]
    for word, at in (*pairs, *words):
        for form in (word, word.removesuffix("s"), word.removesuffix("ies") + "y", _ADJECTIVES.get(word, word)):
            if (name := genres.canonical(form)) is not None:
                yield name, at
                break


_ADJECTIVES = {"comic": "comedy", "scary": "horror", "films noirs": "film noir", "noirs": "noir", "dramatic": "drama"}


def _of_genres(low: str, film: FilmFacts) -> Iterator[str]:
    said = {reason.subject for reason in film.reasons if reason.kind in (ReasonKind.GENRE, ReasonKind.POPULAR)}
    queried = [reason.text.lower() for reason in film.reasons if reason.kind is ReasonKind.QUERY]
    # "Dark comedy", met by a keyword, is a comedy as far as the sentence goes.
    requested = {genre for text in queried for genre, _ in _genres_in(text)}
    liked = said if any(reason.kind is ReasonKind.GENRE for reason in film.reasons) else set()
    for genre, at in _genres_in(low):
        if genre not in (*film.genres, *said, *requested):
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


def _of_roles(low: str) -> Iterator[str]:
    """Yield wrong roles: directors and actors."""
    if re.search(rf"(?:\bby|direct\w*|filmmaker|maker) (?:by |director )?{_AND}{_ACTOR}", low):
        yield "a director who is none"
    if re.search(rf"{_ACTOR}{_AND}(?:(?:also )?(?:directed|directs|made|is the (?:maker|director)))", low):
        yield "a director who is none"
    if re.search(rf"(?:\bstar\w*|\bwith|actors?|actress) {_AND}{_DIRECTOR}(?! directing)", low):
        yield "an actor who is none"
    if re.search(rf"{_DIRECTOR}{_AND}(?:stars?\b|plays\b|acts\b|is in)", low):
        yield "an actor who is none"


def _of_verbs(low: str, film: FilmFacts) -> Iterator[str]:
    """Yield wrong claims about what the person did, and with which film."""
    texts = [reason.text for reason in film.reasons]
    done = {match[1] for text in texts if (match := _VERBS.match(text))}
    traits = any(("you liked" in text or "have liked" in text) and not _VERBS.match(text) for text in texts)
    for verb, allowed in (("liked", "liked" in done or traits), ("watched", "watched" in done),
                          ("looked at", "looked at" in done)):  # fmt: skip
        if re.search(rf"\byou(?:'ve| have)?(?: really)? {verb}\b", low) and not allowed:
            yield f"{verb}, which no reason says"
    if re.search(r"\b(?:loved|adored|hated|disliked|favourites?|favorites?)\b", low):
        yield "a feeling that nobody told"
    if re.search(rf"you (?:liked|watched|enjoyed|looked at) (?:{_FILM} (?:and|or) )?{_OWN}", low):
        yield "the film itself is said to be liked"
    if re.search(rf"{_OWN},? (?:which|that|as|whom) you (?:liked|watched|enjoyed)", low):
        yield "the film itself is said to be liked"
    if _FILM in low and done == {"watched"} and re.search(r"\b(?:liked|enjoyed)\b", low):
        yield "liked, which was watched"
    if _FILM in low and done == {"liked"} and re.search(r"\b(?:watched|looked at)\b", low):
        yield "watched, which was liked"


def _of_claims(low: str, film: FilmFacts) -> Iterator[str]:
    """Yield wrong claims of fame, matches and denials."""
    stated = " | ".join(reason.text for reason in film.reasons)
    kinds = {reason.kind for reason in film.reasons}
    denied = re.search(r"\b(?:not|no match|never|none|nobody|didn't|doesn't|isn't|hardly|nothing)\b", low)
    unknown = re.search(r"\b(?:few|hardly anybody|not many|still to be found)\b", low) and "better known" not in low
    famous = re.search(r"\b(?:known|popular|famous)\b|\bmany (?:people|here)\b", low)
    near = ReasonKind.NEAREST in kinds
    if near and not denied:
        yield "what does not match is said to match"
    if unknown and "Not yet well known" not in stated:
        yield "little known, which no reason says"
    if famous and not unknown and "Popular" not in stated:
        yield "well known, which no reason says"
    if re.search(r"\byou (?:asked|wanted|named|searched)|\byour (?:question|search|words?)\b", low) and not (
        kinds & {ReasonKind.QUERY, ReasonKind.NEAREST}
    ):
        yield "asked for, which nobody did"
    if re.search(r"\b(?:not|never|didn't|don't|doesn't) (?:like|enjoy|watch)", low):
        yield "a denial"
    if denied and not near and not unknown and "not far" not in low and "nothing is nearer" not in low:
        yield "a denial"
    if re.search(r"\b(?:award|oscar|prize|masterpiece|acclaimed|critics|bafta|palme|nominat\w+)", low):
        yield "praise by others"
    if "similar story" in low and "similar story" not in stated:
        yield "a story that no reason speaks of"
    if "same people" in low and "same people" not in stated:
        yield "people whom no reason speaks of"


_PART = "(?:directors?|stars?|cast|actors?|leads?|team|makers?|people)"
# What is said of two films, or of somebody in another one; and the beginnings of reasons that would bear it out.
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


def _of_relations(low: str, film: FilmFacts) -> Iterator[str]:
    """Yield claims about other films, about people's part in them, and about habits, that no reason bears out."""
    texts = [reason.text for reason in film.reasons]
    for claim, borne_out in _RELATIONS:
        if (found := re.search(claim, low)) is None:
            continue
        signs, *beginnings = borne_out or ("",)
        named = any(sign in low for sign in signs)
        if not named and not any(text.startswith(each) for text in texts for each in beginnings):
            yield f"a relation: {found[0]}"
