"""Claims that plain words can make without a name: about other films, about people, and about how films are related.

The sentence is read with a placeholder for each name, and each pattern needs a reason that supports it.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.sentences.genre_nouns import GENRE_WORDS
from services.recommender.sentences.permitted_names import NameMention, PermittedName, SentenceToken

_PLACEHOLDERS = {"own": "OWN", "film": "FILM", "trait": "TRAIT"}
_PERSON = "(?:DIRECTOR|ACTOR|BOTH)"
_DIRECTING = r"(?:directors?|filmmakers?|directed|directs|directing)"
_ACTING = r"(?:cast|actors?|actress|stars?|starring|starred)"
_WORDS = r"(?: [a-z]+){0,3}"
_ROLE = rf"(?:{_DIRECTING}|{_ACTING}|leads?|makers?|people)"
_PART_IN = r"(?:in|behind|directed|directs|made|makes|starred)"
_BEFORE = r"(?:follows|comes? before|(?:before|where) FILM|(?:made|came|returns?|back)(?: [a-z]+)? (?:after|with) FILM)"
_IS = r"(?:is|was|are|were|has|had|have|shares?|stars|belongs)"
_PLACE = r"(?:start|beginning|middle|heart)"
_ALL = r"(?:everyone|everybody|people|others|most|all)"
_FACT = rf"(?:\d|{_PERSON}|(?:{'|'.join(sorted(GENRE_WORDS))})\b)"
_DECADE = re.compile(r"\d{3}0s")


class _Support:
    """What the reasons say, and what the sentence names. ``read``: the sentence with placeholders."""

    def __init__(self, read: str, reasons: Sequence[Reason], languages: frozenset[str]) -> None:
        self.read = read
        # Without cited films, whose titles may be any words.
        self._stated = " | ".join(reason.text for reason in reasons if reason.item_id is None).lower()
        self._kinds = {reason.kind for reason in reasons}
        self._languages = languages
        self._watched = any("you watched" in reason.text for reason in reasons)

    def says(self, text: str) -> bool:
        return text in self._stated

    def watched(self) -> bool:
        return self._watched

    def director(self) -> bool:
        return self.says("directed by") or "DIRECTOR" in self.read or "BOTH" in self.read

    def cast(self) -> bool:
        return ReasonKind.CAST in self._kinds or self.says("with ") or "ACTOR" in self.read or "BOTH" in self.read

    def decade(self) -> bool:
        return ReasonKind.DECADE in self._kinds or _DECADE.search(self.read) is not None

    def language(self) -> bool:
        return ReasonKind.LANGUAGE in self._kinds or bool(self._languages & set(self.read.split()))


def _never(_: _Support) -> bool:
    return False


def _says(text: str) -> Callable[[_Support], bool]:
    return lambda support: support.says(text)


_CLAIMS: tuple[tuple[str, Callable[[_Support], bool], str], ...] = (
    (rf"\b{_DIRECTING}\b", _Support.director, "a director that no reason mentions"),
    (rf"\b{_ACTING}\b", _Support.cast, "actors that no reason mentions"),
    (r"\bseries\b", _says(" series"), "a series that no reason mentions"),
    (r"\bdecades?\b", _Support.decade, "a decade that no reason mentions"),
    (r"\blanguages?\b", _Support.language, "a language that no reason mentions"),
    (r"\btrue (?:story|stories|tales?)\b", _says("true story"), "a true story that no reason mentions"),
    (
        r"\b(?:same|similar)\b.*\b(?:story|stories|tales?)\b|\b(?:story|stories|tales?)\b.*\b(?:same|similar)\b",
        _says("story"), "a story that no reason mentions",
    ),
    (
        rf"\bsame people\b|\b{_ALL}{_WORDS} (?:like|likes|liked|enjoy|enjoyed)\b|\bliked by (?!you)",
        _says("liked by"), "people that no reason mentions",
    ),
    (r"\bsame (?:[a-z]+ )?(?:years?|worlds?|titles?|place|time)\b", _never, "something in common without a reason"),
    (
        rf"\b(?:(?:continues?|follows|extends?|carries|carry){_WORDS} (?:FILM|story|stories|tales?)|{_BEFORE})\b",
        _never, "a part of another film's story",
    ),
    (
        rf"(?:{_PERSON} of|{_PERSON}{_WORDS} {_PART_IN}|\b{_ROLE}{_WORDS} (?:{_PART_IN}|of|as|with|from)) FILM\b",
        _never, "a person's part in another film",
    ),
    (
        rf"\bFILM(?: , which you [a-z ]+ ,)? {_IS}{_WORDS} {_FACT}",
        _never, "a fact about another film",
    ),
    (
        rf"\b(?:like|in|with) FILM(?: , which you [a-z ]+)? ,{_WORDS} (?:{_FACT}|{_DIRECTING}\b|{_ACTING}\b)",
        _never, "a fact about another film",
    ),
    (
        rf"\b(?:he|she|they) (?:also |both |both also )?(?:{_DIRECTING}|{_ACTING}|made|plays?|lead|leads)\b",
        _never, "a person's part, stated with a pronoun",
    ),
    (
        r"\b(?:liked|watched) FILM (?:for|because|once|again|together|tonight|today|this)\b", _never,
        "how or why a film was liked",
    ),
    (r"\b(?:liked|watched) (?:the|its) [a-z]+ (?:of|in) FILM\b", _never, "how or why a film was liked"),
    (r"\byou put\b|\bto you liked\b", _never, "an action that no reason mentions"),
    (r"\b(?:plays?|set) (?:in|on|at|over|through|during|across|around|under)\b", _never, "where or when it is set"),
    (rf"\b{_PLACE}\b.*\bseries\b|\bseries\b.*\b{_PLACE}\b", _never, "a place in a series"),
    (r"\bpeople who made\b", _never, "makers that no reason mentions"),
    (r"\bliked (?:all|each|every|many|most)\b", _never, "a liking for more than a reason says"),
    (r"\b(?:its|the) titles?\b", _says("titled"), "a title that no reason mentions"),
    (
        r"\bmany (?:people|others|here|know)\b", _says("popular"),
        '"known" without a reason',
    ),
    (
        r"\bbeen (?:watching|seeing|viewing)\b|\byou (?:often |always |usually )?watch\b",
        _Support.watched, '"watched" without a reason',
    ),
    (r"\b(?:far|away|different|distinct) from\b", _never, "a denial"),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), supported, why) for pattern, supported, why in _CLAIMS)


def unfounded(
    text: Sequence[SentenceToken], mentions: Sequence[NameMention], reasons: Sequence[Reason], languages: frozenset[str]
) -> Iterator[str]:
    """Yield complaints about claims that no reason supports. ``languages``: words for the film's own language."""
    read = _with_placeholders(text, mentions)
    support = _Support(read, reasons, languages)
    for pattern, supported, why in _COMPILED:
        if pattern.search(read) and not supported(support):
            yield why


def _with_placeholders(text: Sequence[SentenceToken], mentions: Sequence[NameMention]) -> str:
    parts: list[str] = []
    at = 0
    for mention in mentions:
        parts += [token.low for token in text[at : mention.start]]
        parts.append(_placeholder(mention.name))
        at = mention.end
    return " ".join((*parts, *(token.low for token in text[at:])))


def _placeholder(name: PermittedName) -> str:
    if name.kind != "person":
        return _PLACEHOLDERS[name.kind]
    return "BOTH" if len(name.roles) > 1 else "DIRECTOR" if "director" in name.roles else "ACTOR"
