"""How text becomes terms, in one place: every engine that holds Marquee's films is configured from here."""

import re
import unicodedata
from functools import cache

import tantivy

# Changing the chain below, the names of films or the schema changes what is in an index: then count this up.
# Bundles with an index of another analyser are refused and built anew.
ANALYSER = "marquee-english-4"
LONGEST_TERM = 60

_PARENTHESES = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_ALSO_KNOWN = re.compile(r"^\s*a\.?k\.?a\.?\s+", re.IGNORECASE)
_ARTICLES = ("the", "a", "an")


@cache
def text_analyser() -> tantivy.TextAnalyzer:
    """Terms of prose: letters and digits, lower case, ASCII folding, English stemming."""
    return _folding().filter(tantivy.Filter.stemmer("english")).build()


@cache
def _word_analyser() -> tantivy.TextAnalyzer:
    return _folding().build()


def _folding() -> tantivy.TextAnalyzerBuilder:
    filters = tantivy.Filter
    chain = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    return chain.filter(filters.remove_long(LONGEST_TERM)).filter(filters.lowercase()).filter(filters.ascii_fold())


def terms(text: str) -> list[str]:
    """Stemmed terms in order, as the text fields hold them."""
    return list(text_analyser().analyze(normal(text)))


def words(text: str) -> list[str]:
    """Folded words in order, not stemmed: "Amélie's" is amelie, s."""
    return list(_word_analyser().analyze(normal(text)))


def normal(text: str) -> str:
    """Composed characters, so that an accent typed as a character of its own folds, too."""
    return unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8"))


def squeezed(text: str) -> str:
    """A title or name as one token: "WALL-E" is walle."""
    return "".join(words(text))


def other_names(title: str) -> list[str]:
    """What else a title goes by, squeezed: without parentheses, what stands in them, without its article.

    "Seven (a.k.a. Se7en)" is seven and se7en, "The Matrix" is matrix.
    """
    bare = _PARENTHESES.sub(" ", title)
    names = [squeezed(bare), *(squeezed(_ALSO_KNOWN.sub("", part)) for part in _PARENTHESES.findall(title))]
    first, *rest = words(bare) or [""]
    if first in _ARTICLES:
        names.append("".join(rest))
    # A number in parentheses is a year or a part, not a name.
    return [name for name in dict.fromkeys(names) if name and not name.isdigit() and name != squeezed(title)]
