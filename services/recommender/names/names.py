"""Names of a catalogue as memory-mapped arrays, built offline: titles, alternative titles, people.

Three indexes: by prefix of a name or of a word in it (sorted suffixes starting at words, bisected), by whole name
(sorted keys), and by trigrams (for typing errors). 62,000 films with their people take about 30 MB on disk and no
Python objects.
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue
from services.recommender.names.folding import ARTICLES, bare, key_of, spellings
from services.recommender.names.typos import BUCKETS, SHORT_NAME, grams_of, letters_of

END = b"\n"
LONGEST_NAME = 200
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_ALSO_KNOWN = re.compile(r"^\s*a\.?k\.?a\.?\s+", re.IGNORECASE)


class NameKind(IntEnum):
    """Kinds of names; stored codes."""

    TITLE = 0
    OTHER_TITLE = 1
    PERSON = 2


class Place(IntEnum):
    """Position of a word in a name; stored codes."""

    FIRST = 0
    AFTER_ARTICLE = 1
    INSIDE = 2


class Begun(NamedTuple):
    """Places where a phrase occurs: the ``names`` int32[n], the ``places`` uint8[n] of Place in them, and whether the
    phrase ends the name, ``whole`` bool[n].
    """

    names: NDArray[np.int32]
    places: NDArray[np.uint8]
    whole: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """``text`` uint8: folded names, one per line; ``lines`` int32[names + 1]: where each begins. ``kinds`` uint8[names]
    of NameKind; the films of a name are ``rows[row_offsets[i]:row_offsets[i + 1]]``, int32.

    ``starts`` int32[words]: where words begin in the text, sorted by the rest of the line; ``start_names`` int32[words]
    and ``places`` uint8[words] of Place. ``keys`` uint64[names], sorted, with ``key_names`` int32. ``gram_offsets``
    int32[buckets + 1] into ``gram_names`` int32: names by trigram. ``short`` int32: names with few letters besides
    their article, and ``short_letters`` uint16[short, 6] these letters.
    """

    text: NDArray[np.uint8]
    lines: NDArray[np.int32]
    kinds: NDArray[np.uint8]
    row_offsets: NDArray[np.int32]
    rows: NDArray[np.int32]
    starts: NDArray[np.int32]
    start_names: NDArray[np.int32]
    places: NDArray[np.uint8]
    keys: NDArray[np.uint64]
    key_names: NDArray[np.int32]
    gram_offsets: NDArray[np.int32]
    gram_names: NDArray[np.int32]
    short: NDArray[np.int32]
    short_letters: NDArray[np.uint16]

    @classmethod
    def of(cls, catalogue: Catalogue) -> Self:
        """Build the names of a catalogue's films, in row order; people after all titles."""
        entries = list(_titles(catalogue))
        entries += _people(catalogue)
        lines = [" ".join(words).encode() + END for words, _, _ in entries]
        bounds = np.cumsum([0, *map(len, lines)]).astype(np.int32)
        starts, start_names, places = _starts([words for words, _, _ in entries], lines, bounds)
        keys = np.array([key_of(words) for words, _, _ in entries], np.uint64)
        order = np.argsort(keys, kind="stable").astype(np.int32)
        squeezed = ["".join(words) for words, _, _ in entries]
        # People of only one film are not searched by their letters.
        by_letters = [at for at, (_, kind, rows) in enumerate(entries) if kind != NameKind.PERSON or len(rows) > 1]
        plain = {at: "".join(bare(entries[at][0])) for at in by_letters}
        short = [at for at in by_letters if len(plain[at]) <= SHORT_NAME]
        gram_offsets, gram_names = _postings(squeezed, by_letters)
        return cls(
            text=np.frombuffer(b"".join(lines), np.uint8),
            lines=bounds,
            kinds=np.array([kind for _, kind, _ in entries], np.uint8),
            row_offsets=np.cumsum([0, *(len(rows) for _, _, rows in entries)]).astype(np.int32),
            rows=np.array([row for _, _, rows in entries for row in rows], np.int32),
            starts=starts,
            start_names=start_names,
            places=places,
            keys=keys[order],
            key_names=order,
            gram_offsets=gram_offsets,
            gram_names=gram_names,
            short=np.array(short, np.int32),
            short_letters=letters_of([plain[at] for at in short], SHORT_NAME),
        )

    def check(self) -> None:
        """Raise ValueError unless all offsets that a request follows are in range."""
        count = len(self.kinds)
        pointers = {
            "lines": (self.lines, len(self.text) + 1, count + 1),
            "row_offsets": (self.row_offsets, len(self.rows) + 1, count + 1),
            "starts": (self.starts, max(len(self.text), 1), len(self.places)),
            "start_names": (self.start_names, max(count, 1), len(self.places)),
            "key_names": (self.key_names, max(count, 1), len(self.keys)),
            "gram_offsets": (self.gram_offsets, len(self.gram_names) + 1, BUCKETS + 1),
            "gram_names": (self.gram_names, max(count, 1), len(self.gram_names)),
            "short": (self.short, max(count, 1), len(self.short_letters)),
        }
        for part, (values, end, length) in pointers.items():
            if len(values) != length or (length and not 0 <= int(values.min()) <= int(values.max()) < end):
                raise ValueError(f"names.{part}: does not fit the other arrays")

    @classmethod
    def parts(cls) -> tuple[str, ...]:
        """Return the names of the arrays."""
        return tuple(field.name for field in fields(cls))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return every array by name."""
        return {part: getattr(self, part) for part in self.parts()}

    def name(self, at: int) -> str:
        """Return a folded name, its words separated by spaces."""
        return self.text[self.lines[at] : self.lines[at + 1] - len(END)].tobytes().decode("utf-8", "replace")

    def squeezed(self, at: int) -> str:
        """Return a name as one word."""
        return self.name(at).replace(" ", "")

    def keyed(self, words: Sequence[str]) -> NDArray[np.int32]:
        """Return the names equal to these words, ignoring articles, "and" and spaces: int32[n]."""
        key = np.uint64(key_of(words))
        first, last = np.searchsorted(self.keys, key), np.searchsorted(self.keys, key, "right")
        return self.key_names[first:last]

    def beginning(self, words: Sequence[str]) -> Begun:
        """Return where these words occur consecutively, the last one as a prefix."""
        prefix = " ".join(words).encode()
        places = range(len(self.starts))

        def head(place: int) -> bytes:
            start = int(self.starts[place])
            return self.text[start : start + len(prefix)].tobytes().partition(END)[0]

        first = bisect_left(places, prefix, key=head)
        span = slice(first, bisect_right(places, prefix, lo=first, key=head))
        ends = self.text[self.starts[span] + len(prefix)]
        return Begun(self.start_names[span], self.places[span], ends == END[0])

    def films_of(self, names: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
        """Return the rows of the films of some names, int32[m], and the index of the name of each, intp[m]."""
        starts = self.row_offsets[names]
        counts = self.row_offsets[names + 1] - starts
        if (counts == 1).all():
            return self.rows[starts], np.arange(len(names))
        owner = np.repeat(np.arange(len(names)), counts)
        ends = np.cumsum(counts)
        return self.rows[np.repeat(starts - (ends - counts), counts) + np.arange(len(owner))], owner


def _titles(catalogue: Catalogue) -> Iterator[tuple[list[str], NameKind, tuple[int, ...]]]:
    """Yield each film's title and alternative titles, each spelling once."""
    for row, title in enumerate(catalogue.titles):
        seen: set[str] = set()
        others = [*_others(title), *json.loads(catalogue.details[row]).get("aka", [])]
        for at, name in enumerate((title, *others)):
            for words in spellings(name[:LONGEST_NAME]):
                line = " ".join(words)
                if line not in seen:
                    seen.add(line)
                    yield words, NameKind.OTHER_TITLE if at else NameKind.TITLE, (row,)


def _others(title: str) -> list[str]:
    """Return alternative titles in brackets, and the title without them: "Seven (a.k.a. Se7en)" gives Seven, Se7en."""
    inside = [_ALSO_KNOWN.sub("", part) for part in _BRACKETS.findall(title)]
    # A number in brackets is a year or a part, not a title.
    return [_BRACKETS.sub(" ", title), *(part for part in inside if not part.strip().isdigit())] if inside else []


def _people(catalogue: Catalogue) -> Iterator[tuple[list[str], NameKind, tuple[int, ...]]]:
    """Yield directors and cast with the films they directed or appear in."""
    films: dict[str, list[int]] = defaultdict(list)
    for row, details in enumerate(catalogue.details):
        document = json.loads(details)
        for name in dict.fromkeys((*document.get("directors", ()), *document.get("cast", ()))):
            films[name].append(row)
    by_words: dict[str, list[int]] = defaultdict(list)
    for name, rows in films.items():
        for words in spellings(name[:LONGEST_NAME]):
            by_words[" ".join(words)] += rows
    for line, rows in sorted(by_words.items()):
        yield line.split(), NameKind.PERSON, tuple(dict.fromkeys(rows))


def _starts(
    names: Sequence[Sequence[str]], lines: Sequence[bytes], bounds: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
    """Return where words begin, sorted by the rest of their line, then by name; see ``Names``."""
    suffixes: list[tuple[bytes, int, int, int]] = []
    for name, (words, line, begin) in enumerate(zip(names, lines, bounds.tolist(), strict=False)):
        offset = 0
        for at, word in enumerate(words):
            place = Place.FIRST if at == 0 else Place.INSIDE
            if at == 1 and words[0] in ARTICLES:
                place = Place.AFTER_ARTICLE
            suffixes.append((line[offset:], name, begin + offset, place))
            offset += len(word.encode()) + 1
    suffixes.sort()
    return (
        np.array([start for _, _, start, _ in suffixes], np.int32),
        np.array([name for _, name, _, _ in suffixes], np.int32),
        np.array([place for _, _, _, place in suffixes], np.uint8),
    )


def _postings(squeezed: Sequence[str], names: Iterable[int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the names of each trigram bucket; see ``Names``."""
    postings = [(np.full(len(grams), at, np.int32), grams) for at in names if len(grams := grams_of(squeezed[at]))]
    if not postings:
        return np.zeros(BUCKETS + 1, np.int32), np.empty(0, np.int32)
    grams = np.concatenate([grams for _, grams in postings])
    order = np.argsort(grams, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(grams, minlength=BUCKETS))]).astype(np.int32)
    return offsets, np.concatenate([name for name, _ in postings])[order]
