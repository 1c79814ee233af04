"""Name normalisation for comparison: no case, accents or punctuation; and keys, also without articles."""

# ruff: noqa: SIM905

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from services.recommender.names.scripts import is_foreign, romanised

ARTICLES = frozenset(
    "the a an le la les l un une el los las der die das ein eine il lo gli de het een den det en ett".split()
)
_WORD = re.compile(r"[^\W_]+")
# "Schindler's" and "don't" are one word, "L'Avventura" is two; "Angels' Share" loses its apostrophe.
_INSIDE = re.compile(r"(?<=\w)['\u2019\u02bc\u00b4`](?=(?:s|t|d|m|re|ll|ve)\b)|(?<=s)['\u2019](?=\s|$)")
_LIGATURES = str.maketrans({"ß": "ss", "œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l",
                            "\u0131": "i", "&": " and ", "+": " and "})  # fmt: skip
_VOICED = ("\u3099", "\u309a")
_YEAR = re.compile(r"\s*[(\[]((?:18|19|20)\d\d)[)\]]\s*$")
_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen".split(),
    "- - ii iii iv v vi vii viii ix".split(),
)
_AS_DIGITS = {name: str(number) for names in _NUMBERS for number, name in enumerate(names) if name != "-"}
_FROM_DIGITS = [{str(number): name for number, name in enumerate(names) if name != "-"} for names in _NUMBERS]


def fold(text: str) -> str:
    """Fold to lower case without accents, "&" as "and", without apostrophes inside words; keep other scripts."""
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    text = _INSIDE.sub("", text.lower()).translate(_LIGATURES)
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", text)
    letters = "".join(char for char in plain if char in _VOICED or not unicodedata.combining(char))
    return unicodedata.normalize("NFC", letters).translate(_LIGATURES)


def words_of(text: str) -> list[str]:
    """Return the folded words of a name, in order: "Schindler's List" is schindlers, list."""
    return _WORD.findall(fold(text))


def spellings(text: str) -> list[list[str]]:
    """Return the words of a name, and their romanisation if it is in another script; [] for a name without words."""
    forms = [words_of(text)]
    if is_foreign(text):
        latin = words_of(romanised(unicodedata.normalize("NFKC", text).lower()))
        # Skip partly romanised words, such as kanji among kana: they are never typed.
        forms += [latin] if "".join(latin).isascii() else []
    return [words for words in forms if words]


def natural(words: Sequence[str]) -> list[str]:
    """Move a trailing article to the front: "matrix the" becomes the, matrix."""
    if len(words) > 1 and words[-1] in ARTICLES and words[0] not in ARTICLES:
        return [words[-1], *words[:-1]]
    return list(words)


def bare(words: Sequence[str]) -> list[str]:
    """Return the words without the article; a name that consists of nothing else keeps it."""
    words = natural(words)
    return words[1:] if len(words) > 1 and words[0] in ARTICLES else words


def key_of(words: Sequence[str]) -> int:
    """Return a 64-bit key of a name without article, "and" and spaces, so that "WALL-E" equals "Walle"."""
    significant = bare([word for word in words if word != "and"] or words)
    return int.from_bytes(hashlib.blake2b("".join(significant).encode(), digest_size=8).digest(), "big")


def numbered(words: Sequence[str]) -> list[list[str]]:
    """Return the words with small numbers written differently: "rocky ii" as rocky 2, "oceans 11" as oceans eleven."""
    digits = [_AS_DIGITS.get(word, word) for word in words]
    forms = [digits, *([names.get(word, word) for word in digits] for names in _FROM_DIGITS)]
    return [form for at, form in enumerate(forms) if form != list(words) and form not in forms[:at]]


def title_and_year(text: str) -> tuple[str, int | None]:
    """Split "Heat (1995)" into title and year; the year is None if the text does not end with one in brackets."""
    match = _YEAR.search(text)
    if match is None or match.start() == 0:
        return text, None
    return text[: match.start()], int(match[1])
