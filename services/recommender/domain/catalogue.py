"""Films as columns, the hashes of their ids, and how ids, titles and languages are written. Inside the core a film is a
*row* (int32); ids appear only at the edges.

Film ids are hashed to 40 bits, so that a person's packed history stores five bytes per film. A catalogue of 62,000
films contains a colliding pair with probability 62,000^2 / 2^41 = 0.17 %, so the bundle writer checks for collisions
and refuses; online the hash is as good as the id.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import Strings

IMDB_ID = re.compile(r"tt0*([1-9][0-9]{0,9})")
# "tmdb:949", "tt0113277", "imdb:tt0113277"; longer numbers than exist do not match.
FOREIGN_ID = re.compile(rf"tmdb:0*([1-9][0-9]{{0,9}})|(?:imdb:)?{IMDB_ID.pattern}")


def hash_id(item_id: str) -> int:
    """Return the first 40 bits of BLAKE2b of the id's UTF-8 bytes, as an unsigned integer."""
    return int.from_bytes(hashlib.blake2b(item_id.encode("utf-8", "replace"), digest_size=5).digest(), "big")


def hash_ids(item_ids: Iterable[str]) -> NDArray[np.uint64]:
    """Return ``hash_id`` of each id, uint64[n]."""
    return np.fromiter((hash_id(item_id) for item_id in item_ids), np.uint64)


class TraitKind(IntEnum):
    """Kinds of traits; the stored codes."""

    GENRE = 0
    DECADE = 1
    DIRECTOR = 2
    KEYWORD = 3
    CAST = 4
    SERIES = 5
    LANGUAGE = 6
    ERA = 7
    """Twenty years, "1950s and 1960s": each film is of two."""


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """Films x traits, sparse by row (CSR): film i has ``ids[offsets[i]:offsets[i + 1]]``.

    ``names`` Strings[traits], e.g. "Michael Mann", "heist", "1990s"; ``kinds`` uint8[traits] of TraitKind; ``films``
    int32[traits], the number of films with each trait. Traits of a single film are omitted, as they cannot be shared.
    """

    offsets: NDArray[np.int32]
    ids: NDArray[np.int32]
    kinds: NDArray[np.uint8]
    films: NDArray[np.int32]
    names: Strings

    def named(self, *kinds: TraitKind) -> Iterator[tuple[int, str]]:
        """Yield the ids and names of all traits of some kinds."""
        ids = np.flatnonzero(np.isin(self.kinds, kinds)).astype(np.int32)
        return zip(ids.tolist(), self.names.take(ids), strict=True)

    def of(self, row: int) -> NDArray[np.int32]:
        """Return the trait ids of one film."""
        return self.ids[self.offsets[row] : self.offsets[row + 1]]


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Columns over n films. ``years`` int16 (0 unknown), ``genre_bits`` uint32 over ``genres.GENRES``,
    ``language_codes`` int16 into ``languages`` (-1 unknown), ``votes`` int32, ``tmdb_ids`` int32 (0 none), ``runtimes``
    int16 minutes (0 unknown), ``ages`` int8: minimum suitable age (-1 unknown), ``series`` int32: number of the film's
    series (-1 none) and ``parts`` int16: its place in the series by year (1, 2, ...; 0 none), ``hashes`` uint64 sorted,
    with ``hash_rows`` int32, the row of each; ``other_ids`` Strings: further ids of films that the source lists twice,
    sorted by ``other_hashes`` uint64, with ``other_rows`` int32. ``imdb_ids`` int32, the number of "tt0113277" (0
    none); ``tmdb_rows`` and ``imdb_rows`` int32: all rows ordered by these ids, then by row. ``details`` Strings[n] of
    JSON objects (overview, directors, cast, keywords, runtime, imdb_id, poster_path, tagline, title_year), read for one
    film at a time and left on disk otherwise.
    """

    item_ids: Strings
    titles: Strings
    details: Strings
    years: NDArray[np.int16]
    genre_bits: NDArray[np.uint32]
    language_codes: NDArray[np.int16]
    languages: tuple[str, ...]
    votes: NDArray[np.int32]
    tmdb_ids: NDArray[np.int32]
    tmdb_rows: NDArray[np.int32]
    imdb_ids: NDArray[np.int32]
    imdb_rows: NDArray[np.int32]
    runtimes: NDArray[np.int16]
    ages: NDArray[np.int8]
    series: NDArray[np.int32]
    parts: NDArray[np.int16]
    hashes: NDArray[np.uint64]
    hash_rows: NDArray[np.int32]
    other_ids: Strings
    other_hashes: NDArray[np.uint64]
    other_rows: NDArray[np.int32]
    traits: Traits

    def __len__(self) -> int:
        return len(self.years)

    def of_same_series(self, rows: NDArray[np.int32], among: NDArray[np.integer] | None = None) -> NDArray[np.bool_]:
        """Return which films share a series with any of the films ``rows``, themselves included: bool[among], over all
        films if ``among`` is omitted.
        """
        numbers = self.series if among is None else self.series[among]
        followed = self.series[rows]
        followed = followed[followed >= 0]
        if not len(followed):
            return np.zeros(len(numbers), bool)
        if among is not None:
            ordered = np.sort(followed)
            return np.asarray(ordered[np.minimum(np.searchsorted(ordered, numbers), len(ordered) - 1)] == numbers)
        is_followed = np.zeros(int(self.series.max()) + 2, bool)
        is_followed[followed] = True
        # Films without a series have number -1 and so index the last element.
        return is_followed[numbers]

    def rows_of_hashes(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the row of each film hash, int32[n], -1 for unknown films."""
        rows = _rows_of(hashes, self.hashes, self.hash_rows)
        if len(self.other_hashes):
            missing = rows < 0
            rows[missing] = _rows_of(hashes[missing], self.other_hashes, self.other_rows)
        return rows

    def film_hashes(self) -> NDArray[np.uint64]:
        """Return the film hash of each row, uint64[films]."""
        hashes = np.empty_like(self.hashes)
        hashes[self.hash_rows] = self.hashes
        return hashes

    def rows_of(self, item_ids: Iterable[str]) -> NDArray[np.int32]:
        """Return the row of each id, int32[n], -1 for unknown ids. An id whose hash collides with another film's is
        unknown.

        An unknown id of the form "tmdb:949" or "tt0113277" is looked up as a TMDB or IMDb id.
        """
        ids = list(item_ids)
        if not ids:
            return np.empty(0, np.int32)
        rows = self.rows_of_hashes(hash_ids(ids))
        hits = np.flatnonzero(rows >= 0)
        own_ids = self.item_ids.take(rows[hits])
        mismatches = [at for at, item_id in zip(hits.tolist(), own_ids, strict=True) if ids[at] != item_id]
        rows[[at for at in mismatches if not self._is_other_id(ids[at], int(rows[at]))]] = -1
        missing = np.flatnonzero(rows < 0)
        if len(missing):
            rows[missing] = self._rows_of_foreign([ids[at] for at in missing.tolist()])
        return rows

    def _is_other_id(self, item_id: str, row: int) -> bool:
        """Return whether the source also lists the film under this id."""
        return any(self.other_ids[int(at)] == item_id for at in np.flatnonzero(self.other_rows == row))

    def _rows_of_foreign(self, item_ids: list[str]) -> NDArray[np.int32]:
        """Return the rows of TMDB and IMDb ids, int32[n]; -1 for anything else."""
        parsed = [match.groups() if (match := FOREIGN_ID.fullmatch(each)) else (None, None) for each in item_ids]
        by_tmdb = self.rows_of_tmdb(int(tmdb or 0) for tmdb, _ in parsed)
        by_imdb = self.rows_of_imdb(int(imdb or 0) for _, imdb in parsed)
        return np.maximum(by_tmdb, by_imdb)

    def rows_of_tmdb(self, tmdb_ids: Iterable[int]) -> NDArray[np.int32]:
        """Return the first row with each TMDB id, int32[n], -1 for unknown ids."""
        return _rows_with(self.tmdb_ids, self.tmdb_rows, tmdb_ids)

    def rows_of_imdb(self, numbers: Iterable[int]) -> NDArray[np.int32]:
        """Return the first row with each IMDb id, given as a number, int32[n], -1 for unknown ids."""
        return _rows_with(self.imdb_ids, self.imdb_rows, numbers)


def imdb_id(number: int) -> str | None:
    """Format a number as an IMDb id, "tt0113277"; None for 0."""
    return f"tt{number:07d}" if number else None


def imdb_number(text: str | None) -> int:
    """Return the number of an IMDb id such as "tt0113277"; 0 if malformed."""
    match = IMDB_ID.fullmatch(text or "")
    return int(match[1]) if match else 0


def rows_by(ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return all rows ordered by id, then by row: int32[films]."""
    return np.argsort(ids, kind="stable").astype(np.int32)


def _rows_with(ids: NDArray[np.int32], order: NDArray[np.int32], numbers: Iterable[int]) -> NDArray[np.int32]:
    """Return the first row of each id by bisection; -1 for missing ids and for 0."""
    keys = np.array([each if 0 < each < 2**31 else 0 for each in numbers], np.int32)
    if not len(order) or not len(keys):
        return np.full(len(keys), -1, np.int32)
    at = np.minimum(np.searchsorted(ids, keys, sorter=order), len(order) - 1)
    rows = order[at]
    return np.where((keys > 0) & (ids[rows] == keys), rows, np.int32(-1)).astype(np.int32)


def _rows_of(keys: NDArray[np.uint64], hashes: NDArray[np.uint64], rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the row for each hash by bisection, -1 if missing."""
    if not len(hashes):
        return np.full(len(keys), -1, np.int32)
    at = np.minimum(np.searchsorted(hashes, keys), len(hashes) - 1)
    return np.where(hashes[at] == keys, rows[at], np.int32(-1))


def display_title(catalogue: Catalogue, row: int) -> str:
    """Return "Heat (1995)", or only the title if the year is unknown."""
    year = int(catalogue.years[row])
    return f"{catalogue.titles[row]} ({year})" if year else catalogue.titles[row]


# ISO 639-1, and "cn", TMDB's code for Cantonese.
_LANGUAGES = """
aa Afar, af Afrikaans, am Amharic, ar Arabic, as Assamese, ay Aymara, az Azerbaijani, be Belarusian, bg Bulgarian,
bm Bambara, bn Bengali, bo Tibetan, br Breton, bs Bosnian, ca Catalan, cn Cantonese, cs Czech, cy Welsh, da Danish,
de German, dz Dzongkha, el Greek, en English, eo Esperanto, es Spanish, et Estonian, eu Basque, fa Persian, fi Finnish,
fo Faroese, fr French, fy Frisian, ga Irish, gd Scottish Gaelic, gl Galician, gu Gujarati, he Hebrew, hi Hindi,
hr Croatian, ht Haitian Creole, hu Hungarian, hy Armenian, id Indonesian, is Icelandic, it Italian, iu Inuktitut,
ja Japanese, ka Georgian, kk Kazakh, kl Greenlandic, km Khmer, kn Kannada, ko Korean, ku Kurdish, ky Kyrgyz, la Latin,
lb Luxembourgish, ln Lingala, lo Lao, lt Lithuanian, lv Latvian, mi Maori, mk Macedonian, ml Malayalam, mn Mongolian,
mr Marathi, ms Malay, mt Maltese, my Burmese, nb Norwegian, ne Nepali, nl Dutch, nn Norwegian, no Norwegian, pa Punjabi,
pl Polish, ps Pashto, pt Portuguese, qu Quechua, ro Romanian, ru Russian, rw Kinyarwanda, se Sami, sh Serbo-Croatian,
si Sinhala, sk Slovak, sl Slovenian, sm Samoan, so Somali, sq Albanian, sr Serbian, sv Swedish, sw Swahili, ta Tamil,
te Telugu, tg Tajik, th Thai, tl Tagalog, tr Turkish, uk Ukrainian, ur Urdu, uz Uzbek, vi Vietnamese, wo Wolof,
xh Xhosa, yi Yiddish, yo Yoruba, za Zhuang, zh Chinese, zu Zulu
"""

LANGUAGE_NAMES = {entry.split()[0]: entry.split(maxsplit=1)[1].strip() for entry in _LANGUAGES.split(",")}


def language_name(code: str) -> str:
    """Return the English name of a code, "Spanish" for "es"; an unknown code is returned as is."""
    return LANGUAGE_NAMES.get(code, code)
