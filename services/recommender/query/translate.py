"""Translation of queries in other languages to English words, each with its source position."""

from services.recommender.query.marked_words import Word, asks, singular
from services.recommender.query.tokens import Token
from services.recommender.query.words import grammar
from services.recommender.query.words.concepts import CONCEPTS
from services.recommender.query.words.into_english import TRANSLATIONS

LONGEST = 5
# A single foreign word of at least this many letters identifies the language.
TELLING = 3
_KINDS = frozenset(word for phrase in CONCEPTS for word in phrase.split())
SHORTEST_PLURAL = 5
# Endings of plurals, and what the singular ends with instead.
_PLURALS = {
    "fr": (("s", ""), ("x", ""), ("aux", "al")),
    "de": (("e", ""), ("n", ""), ("en", ""), ("er", ""), ("s", "")),
    "es": (("s", ""), ("es", ""), ("ces", "z")),
    "it": (("i", "o"), ("e", "a"), ("i", "e")),
    "pt": (("s", ""), ("es", ""), ("oes", "ao"), ("is", "l")),
}
ENGLISH = "en"
_GERMAN = "de"


def to_english(query: str, tokens: list[Token]) -> tuple[str, list[Word]]:
    """Return the language of a query, and its words in English."""
    language = language_of([token.word for token in tokens])
    if language == ENGLISH:
        return language, [as_it_is(query, token) for token in tokens]
    table, _ = TRANSLATIONS[language]
    words: list[Word] = []
    at = 0
    while at < len(tokens):
        count, english = _entry(table, tokens, at, language)
        if not count or tokens[at].quoted:
            words.append(as_it_is(query, tokens[at]))
            at += 1
            continue
        first, last = tokens[at], tokens[at + count - 1]
        for place, word in enumerate(english.split()):
            words.append(Word(word, first.start, last.end, word, first.after_break and not place))
        at += count
    return language, words


def language_of(words: list[str]) -> str:
    """Return the language with the most known words, if they outnumber the English ones."""
    english = sum(
        word in grammar.STOP or asks(word) or word in grammar.BREAKS or singular(word) in _KINDS for word in words
    )
    best, most = ENGLISH, english
    for language, (table, sure) in TRANSLATIONS.items():
        in_table, certain = _count(table, words, language), _count(sure, words, language)
        enough = certain > 1 or certain == len(words) or (certain and _longest(sure, words) >= TELLING)
        if enough and in_table > most:
            best, most = language, in_table
    return best


def _longest(table: dict[str, str], words: list[str]) -> int:
    return max((len(word) for word in words if word in table), default=0)


def _count(table: dict[str, str], words: list[str], language: str) -> int:
    """Return how many words the entries of a table cover."""
    at = covered = 0
    tokens = [Token(word, 0, 0) for word in words]
    while at < len(tokens):
        count, _ = _entry(table, tokens, at, language)
        covered += count
        at += count or 1
    return covered


def _entry(table: dict[str, str], tokens: list[Token], at: int, language: str) -> tuple[int, str]:
    """Return the longest entry at a position: its number of words, and its English; 0 for none."""
    for count in range(min(LONGEST, len(tokens) - at), 0, -1):
        if any(token.after_break for token in tokens[at + 1 : at + count]):
            continue
        english = table.get(" ".join(token.word for token in tokens[at : at + count]))
        if english is not None:
            return count, english
    english = _of_singular(table, tokens[at].word, language)
    if english is None and language == _GERMAN:
        english = _compound(table, tokens[at].word)
    return (1, english) if english is not None else (0, "")


def _of_singular(table: dict[str, str], word: str, language: str) -> str | None:
    """Translate a plural by its singular, if only the singular is in the table."""
    for plural, singular_ending in _PLURALS[language]:
        if len(word) >= SHORTEST_PLURAL and word.endswith(plural):
            english = table.get(word.removesuffix(plural) + singular_ending)
            if english is not None:
                return english
    return None


def _compound(table: dict[str, str], word: str) -> str | None:
    """Translate a German compound such as "Vampirfilm" or "Familienfilm"; both parts must be known."""
    for place in range(3, len(word) - 2):
        first, second = word[:place], word[place:]
        end = table.get(second)
        if end is None:
            continue
        for joint in ("", "s", "n", "en", "es"):
            start = table.get(first.removesuffix(joint)) if first.endswith(joint) else None
            if start is not None:
                return f"{start} {end}"
        if end == "film" and len(first) > 3:
            return f"{first} film"
    return None


def as_it_is(query: str, token: Token) -> Word:
    """Return a token of a query as a word, untranslated."""
    shown = query[token.start : token.end]
    return Word(token.word, token.start, token.end, shown, token.after_break, token.quoted)
