"""Reader for animation studios: "pixar", "studio ghibli".

Catalogues seldom list studios, but viewers tag some films with them. The directors of those tell more of them.
"""

from typing import NamedTuple

from services.recommender.domain.request import ConditionKind
from services.recommender.query.conditions import Condition
from services.recommender.query.demands import Mentions, OneOf, SharesDirector
from services.recommender.query.marked_words import Reading, WordRole

# Number of a studio's films after which a director's other animated films count as the studio's, too. To exclude a
# studio one is enough: a missing film is a smaller mistake than an unwanted one.
SEVERAL, ONE = 2, 1


class Studio(NamedTuple):
    """``word``: in the texts of films; ``keywords``: of the studio's films."""

    name: str
    word: str
    keywords: tuple[str, ...]


def _studio(name: str, word: str, *keywords: str) -> Studio:
    return Studio(name, word, (word, *keywords))


_DISNEY = _studio("Disney", "disney", "walt disney", "disney animated feature", "walt disney animation studios")
_PIXAR = _studio("Pixar", "pixar", "pixar animated short", "pixar animation studios")
_GHIBLI = _studio("Studio Ghibli", "ghibli", "studio ghibli")
_DREAMWORKS = _studio("DreamWorks", "dreamworks", "dreamworks animation")
_AARDMAN = _studio("Aardman", "aardman", "aardman animations")
STUDIOS = {
    "disney": _DISNEY, "walt disney": _DISNEY, "pixar": _PIXAR, "disney pixar": _PIXAR, "ghibli": _GHIBLI,
    "studio ghibli": _GHIBLI, "dreamworks": _DREAMWORKS, "aardman": _AARDMAN,
}  # fmt: skip
LONGEST = 2


def read_studio(reading: Reading, at: int, films: int = SEVERAL) -> int:
    """Read a studio named here, if films of the catalogue are tagged with it; return the number of words. ``films``:
    how many of the studio's films a director must have made.
    """
    entry = reading.longest(STUDIOS, at, LONGEST)
    if entry is None:
        return 0
    count, studio = entry
    if not any(reading.lexicon.keyword(name) for name in studio.keywords):
        return 0
    demand = OneOf((SharesDirector(studio.keywords, "Animation", films), Mentions((studio.word,))))
    condition = Condition(
        f"keyword:{studio.name}".lower(), ConditionKind.KEYWORD, f"from {studio.name} or its directors",
        reading.typed(at, count), demand, keywords=studio.keywords,
    )  # fmt: skip
    reading.add(at, count, condition, WordRole.NAMED)
    return count
