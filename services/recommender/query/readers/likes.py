"""Readers for example films: "something like Amelie", "like Alien but older"."""

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import display_title
from services.recommender.domain.request import ConditionKind
from services.recommender.ports import TextField
from services.recommender.query.conditions import Condition, Sure
from services.recommender.query.demands import AnyFilm, HasFacts, Not
from services.recommender.query.marked_words import Reading, WordRole
from services.recommender.query.words import grammar

Rows = NDArray[np.int32]

LONGEST_TITLE = 12
# A single word must be longer than this to be matched as part of a title.
SHORTEST_WORD = 3


def read_likeness(reading: Reading, at: int) -> int:
    """Read "like" and the film after it; return the number of words."""
    marker = reading.starts(grammar.LIKE, at)
    if not marker:
        return 0
    first = at + marker
    skipped = 1 if reading.word(first) in ("film", "movie") else 0
    for start in dict.fromkeys((first, first + skipped)):
        for count in range(_longest(reading, start), 0, -1):
            row = _film(reading, start, count)
            if row is not None:
                total = start + count - at
                _add(reading, at, total, row)
                return total
    return 0


def read_comparison(reading: Reading, at: int) -> int:
    """Read "older", "shorter", ... relative to an example film; return the number of words."""
    if not reading.like:
        return 0
    catalogue = reading.catalogue
    row = reading.like[-1][1]
    title = display_title(catalogue, row)
    year, minutes = int(catalogue.years[row]), int(catalogue.runtimes[row])
    word = reading.word(at)
    older, newer = word in grammar.OLDER, word in grammar.NEWER
    shorter, longer = word in grammar.SHORTER, word in grammar.LONGER
    if year and (older or newer):
        demand = HasFacts(year_to=year - 1) if older else HasFacts(year_from=year + 1)
        name = f"year:-{year - 1}" if older else f"year:{year + 1}-"
        kind, text = ConditionKind.YEAR, f"{'older' if older else 'newer'} than {title}"
    elif minutes and (shorter or longer):
        demand = HasFacts(runtime_to=minutes - 1) if shorter else HasFacts(runtime_from=minutes + 1)
        name = f"runtime:-{minutes - 1}" if shorter else f"runtime:{minutes + 1}-"
        kind, text = ConditionKind.RUNTIME, f"{'shorter' if shorter else 'longer'} than {title}"
    else:
        return 0
    count = 1
    first = at - 1 if reading.word(at - 1) == "more" and reading.free(at - 1) else at
    typed = reading.typed(first, at + count - first)
    reading.add(first, at + count - first, Condition(name, kind, text, typed, demand, Sure.SAID), WordRole.NAMED)
    return count


def _longest(reading: Reading, start: int) -> int:
    """Return the maximum number of words of a title starting here."""
    stop = start
    while stop < min(len(reading), start + LONGEST_TITLE) and reading.free(stop):
        if stop > start and reading.word(stop) in grammar.BREAKS:
            break
        stop += 1
    return stop - start


def _film(reading: Reading, start: int, count: int) -> int | None:
    """Return the best known film with exactly this title, one a typing error away, or one with all the words in it."""
    typed = reading.typed(start, count)
    series = next(filter(None, map(reading.lexicon.series.get, reading.names(start, count))), None)
    rows = reading.index.named(typed).rows
    if series is None and len(rows):
        return int(rows[0])
    if series is not None:
        return _of_name(reading, rows, _of_series(reading, series.trait))
    behind = start + count
    ends = behind >= len(reading) or reading.words[behind].after_break or reading.word(behind) in grammar.AFTER_LIKE
    if not ends:
        return None
    rows = reading.index.named(typed, 2 if count > 1 else 1).rows if len(typed) >= 6 else rows
    if len(rows):
        return int(rows[0])
    return _titled(reading, start, count)


def _titled(reading: Reading, start: int, count: int) -> int | None:
    words = [word.word for word in reading.words[start : start + count] if word.word not in grammar.STOP]
    if not words or (len(words) == 1 and len(words[0]) <= SHORTEST_WORD):
        return None
    rows = None
    for word in words:
        mention = reading.mention(word)
        inside = mention.rows[(mention.fields & TextField.TITLE) != 0]
        rows = inside if rows is None else np.intersect1d(rows, inside)
    if rows is None or not len(rows) or (len(words) == 1 and reading.mentions_of(words[0]) > 3 * len(rows)):
        return None
    return _best_known(reading, rows)


def _of_name(reading: Reading, named: Rows, series: Rows) -> int | None:
    """Return the film for a name that is also a series: the film itself, unless another of the series is far better
    known.
    """
    best = _best_known(reading, series)
    votes = reading.catalogue.votes
    if len(named) and (best is None or not votes[named[0]] or 2 * votes[named[0]] >= votes[best]):
        return int(named[0])
    return best


def _of_series(reading: Reading, trait: int) -> Rows:
    traits = reading.catalogue.traits
    places = np.flatnonzero(traits.ids == trait)
    return np.asarray(np.searchsorted(traits.offsets, places, side="right") - 1, np.int32)


def _best_known(reading: Reading, rows: Rows) -> int | None:
    return int(rows[np.argmax(reading.catalogue.votes[rows])]) if len(rows) else None


def _add(reading: Reading, at: int, count: int, row: int) -> None:
    catalogue = reading.catalogue
    text = f"like {display_title(catalogue, row)}"
    condition_id = f"like:{catalogue.item_ids[row]}"
    rows = np.array([row], np.int32)
    # "Like Harry Potter but for adults" asks for other films than the next part.
    if catalogue.series[row] >= 0 and reading.word(at + count) in grammar.BREAKS:
        rows = np.flatnonzero(catalogue.series == catalogue.series[row]).astype(np.int32)
        text += ", of another series"
    reading.like.append((condition_id, row))
    condition = Condition(
        condition_id, ConditionKind.LIKE, text, reading.typed(at, count), Not(AnyFilm(rows)), Sure.SAID
    )
    reading.add(at, count, condition, WordRole.NAMED)
