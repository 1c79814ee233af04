"""Tokenisation of queries: folded words, with the breaks between them."""

import re
import unicodedata
from dataclasses import dataclass

MAX_WORDS = 60

_WORD = re.compile(r"[^\W_]+")
_QUOTED = re.compile(r"“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|\"([^\"]+)\"")
_BREAK = re.compile(r"[,;:.!?()\[\]/\n]|\s[-\u2013\u2014]\s")
_OWNED = re.compile(r"(?<=[^\W\d])['\u2019]s\b|(?<=s)['\u2019](?=\s|$)")
_SHORTENED = frozenset(("mr", "mrs", "ms", "dr", "st", "jr", "sr", "vs", "vol", "no"))
_LIGATURES = str.maketrans(
    {"ß": "ss", "œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "\u0131": "i", "\u2019": "'"}
)


@dataclass(frozen=True, slots=True)
class Token:
    """``word``: folded; ``start`` and ``end``: its place in the query. ``after_break``: preceded by a comma or the
    like. ``quoted``: the number of the quotation it belongs to, from 1; 0 outside.
    """

    word: str
    start: int
    end: int
    after_break: bool = False
    quoted: int = 0


def fold(text: str) -> str:
    """Fold to lower case without accents: "Amélie" becomes "amelie"."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LIGATURES))
    return "".join(char for char in plain if not unicodedata.combining(char)).translate(_LIGATURES)


def words_of(text: str) -> list[str]:
    """Return the folded words of a text."""
    return _WORD.findall(fold(text))


def tokens_of(query: str) -> list[Token]:
    """Return the words of a query in order, at most :data:`MAX_WORDS`; "kids'" and "Tarantino's" lose their ending."""
    quotations = [match.span() for match in _QUOTED.finditer(query)]
    # Same length, so that positions are unchanged.
    plain = _OWNED.sub(lambda match: " " * len(match[0]), query)
    tokens: list[Token] = []
    last = 0
    for match in _WORD.finditer(plain):
        start, end = match.span()
        word = "".join(_WORD.findall(fold(match[0])))
        if not word:
            continue
        inside = next((at for at, (first, stop) in enumerate(quotations, 1) if first <= start and end <= stop), 0)
        tokens.append(Token(word, start, end, _breaks(plain[last:start], tokens), inside))
        last = end
        if len(tokens) == MAX_WORDS:
            break
    return tokens


def _breaks(between: str, before: list[Token]) -> bool:
    """Return whether the text before a word ends a part of the query; the full stop of "J. K." or "Mr." does not."""
    if not before or not _BREAK.search(between):
        return False
    last = before[-1].word
    return between.strip() != "." or not (len(last) == 1 or last in _SHORTENED)
