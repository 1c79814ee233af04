"""Text analysis shared by all search engines: how text becomes terms."""

import re
import unicodedata
from functools import cache

import tantivy

# Increment this with any change to the chain below, the film names or the schema: bundles with an index of another
# analyser are rejected and must be rebuilt.
ANALYSER = "marquee-english-4"
LONGEST_TERM = 60

_PARENTHESES = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_ALSO_KNOWN = re.compile(r"^\s*a\.?k\.?a\.?\s+", re.IGNORECASE)
_ARTICLES = ("the", "a", "an")


@cache
def text_analyser() -> tantivy.TextAnalyzer:
    """Return the analyser of prose: letters and digits, lower case, ASCII folding, English stemming."""
    return _folding().filter(tantivy.Filter.stemmer("english")).build()


@cache
def _word_analyser() -> tantivy.TextAnalyzer:
    return _folding().build()


def _folding() -> tantivy.TextAnalyzerBuilder:
    filters = tantivy.Filter
    chain = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    return chain.filter(filters.remove_long(LONGEST_TERM)).filter(filters.lowercase()).filter(filters.ascii_fold())


def terms(text: str) -> list[str]:
    """Return stemmed terms in order, as in the text fields."""
    return list(text_analyser().analyze(normal(text)))


def words(text: str) -> list[str]:
    """Return folded words in order, not stemmed: "Amélie's" is amelie, s."""
    return list(_word_analyser().analyze(normal(text)))


def normal(text: str) -> str:
    """Compose characters, so that combining accents fold, too."""
    return unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8"))


def squeezed(text: str) -> str:
    """Return a title or name as one token: "WALL-E" is walle."""
    return "".join(words(text))


def other_names(title: str) -> list[str]:
    """Return alternative titles, squeezed: without parentheses, their content, without article.

    "Seven (a.k.a. Se7en)" gives seven and se7en, "The Matrix" gives matrix.
    """
    bare = _PARENTHESES.sub(" ", title)
    names = [squeezed(bare), *(squeezed(_ALSO_KNOWN.sub("", part)) for part in _PARENTHESES.findall(title))]
    first, *rest = words(bare) or [""]
    if first in _ARTICLES:
        names.append("".join(rest))
    # A number in parentheses is a year or a part, not a name.
    return [name for name in dict.fromkeys(names) if name and not name.isdigit() and name != squeezed(title)]
