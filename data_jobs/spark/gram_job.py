"""Count people's events with Apache Spark: the Gram matrix of the most liked films, for logs too large for one
machine.

    spark-submit gram_job.py --events s3://BUCKET/events/ --form parquet --films s3://BUCKET/features/items.parquet \
        --out s3://BUCKET/gram/

``marquee build FILMS --gram DIR`` makes the tables from the result, equal to those of ``marquee build FILMS EVENTS``.
This file runs alone: it needs Python 3.9, pyspark 3.5 or newer, NumPy, and nothing else of this repository.

Events are CSV with a header, JSON lines or Parquet, with the columns of MovieLens (``userId, movieId, rating,
timestamp``) or of Marquee's log (``user_id, item_id, event, value, ts``). Films are MovieLens's ``movies.csv``,
``features/items.parquet`` of a build, or any such table with an id and perhaps ``vote_count`` and ``other_ids``.

1. Events are grouped by person; of a person's events on one film, only the one that stands is used.
2. Likes are counted per film, and the most liked films chosen: for the tables, and fewer ones to choose lambda by.
   Ties are broken by votes, or by *welcomes*: people with any event of positive weight on a film, such as three stars.
3. A person's values are weight x n ** (exponent / 2) for n films, rounded to integers on a grid, so sums are exact.
4. One matrix is counted of the films of the tables, and two of those to choose lambda by: of all events, and of those
   before the moment that splits them 80 to 20.
5. A matrix is cut into slabs of rows. A task gets everyone with a film in its slab, and their films from there on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pyspark import RDD
    from pyspark.sql import Column, DataFrame, SparkSession

FORMAT = 2
LIKE, DISLIKE, RATING, WATCH, CLICK, CLEAR = range(1, 7)
KINDS = {"like": LIKE, "dislike": DISLIKE, "rating": RATING, "watch": WATCH, "click": CLICK, "clear": CLEAR}
GRID_BITS = 18
TUNING_FILMS, MIN_LIKES, MAX_PEOPLE = 3_000, 5, 2_000
MAX_ID, LAST_MS = 128, 4_102_444_800_000
"""The length of the longest id; the last time accepted, 2100-01-01."""
DAY_MS, PAST_SHARE = 86_400_000, 0.8
COLUMNS = {
    "user": ("userid", "user"),
    "item": ("movieid", "itemid", "item"),
    "event": ("event",),
    "value": ("rating", "value"),
    "ts": ("timestamp", "ts"),
    "votes": ("votecount",),
    "others": ("otherids",),
}
PROBLEMS = ("missing-value", "bad-id", "unknown-event", "unknown-film", "rating-out-of-range", "bad-timestamp")
"""Reasons to leave out an event, named as in ``marquee validate``; the code of a reason is -1 - its index."""
GROUP_EVENTS, CHUNK_ENTRIES = 500_000, 1_000_000
"""Events per group; entries added at once."""
_FILM_SHIFT, _KIND_SHIFT, _LOW = 8, 4, 15
_PATH_SHIFT = 54
"""Bits for the line numbers within a path; Spark gives each partition 2 ** 33 of them."""


class Group(NamedTuple):
    """Some people with the events that stand, columns over all their events: ``film`` int32 ascending within a person,
    ``kind`` and ``half_stars`` uint8, ``ts_ms`` int64; ``lengths`` int64[people]; ``left_out`` int64[problems].
    """

    users: list[str]
    lengths: np.ndarray
    film: np.ndarray
    kind: np.ndarray
    half_stars: np.ndarray
    ts_ms: np.ndarray
    left_out: np.ndarray


class FilmEntries(NamedTuple):
    """Positive entries of some people on the chosen films: ``lengths`` int64[people], and over all entries ``film``
    int32 ascending within a person, ``value`` int32 on the grid, ``liked`` bool.
    """

    lengths: np.ndarray
    film: np.ndarray
    value: np.ndarray
    liked: np.ndarray


class Rules(NamedTuple):
    """Rules for the equations, named as the training parameters."""

    max_films: int = 20_000
    row_exponent: float = -0.25
    graded: bool = True


def taste_weights() -> np.ndarray:
    """Return the weight of an event in a taste, float32[kind, half stars]."""
    table = np.zeros((7, 11), np.float32)
    table[LIKE], table[WATCH], table[CLICK] = 1.15, 0.3, 0.1
    table[RATING, 6:] = (0.3, 0.3, 1.0, 1.15, 1.3)
    return table


def standing_events(
    person: np.ndarray, film: np.ndarray, kind: np.ndarray, ts_ms: np.ndarray, line: np.ndarray
) -> np.ndarray:
    """Return the index of the event that stands for each person and film, by person, then film: the latest opinion; if
    there is none, or since a clear, the latest watch, else click.
    """
    order = np.lexsort((line, ts_ms, film, person))
    same = (person[order][1:] == person[order][:-1]) & (film[order][1:] == film[order][:-1])
    pair = np.cumsum(np.append(0, ~same)) if len(order) else order
    cleared = np.full(len(order), -1)
    clears = np.flatnonzero(kind[order] == CLEAR)
    cleared[pair[clears]] = clears  # the last clear of a pair wins
    remaining = np.flatnonzero(np.arange(len(order)) > cleared[pair])
    strength = np.select([kind == CLICK, kind == WATCH], [0, 1], 2)[order[remaining]]
    ranked = remaining[np.lexsort((remaining, strength, pair[remaining]))]
    last = np.append(pair[ranked][1:] != pair[ranked][:-1], True)[: len(ranked)]
    return np.asarray(order[ranked[last]])


def pack_groups(rows: Iterable[tuple[str, list[int], list[int], list[int]]]) -> Iterator[Group]:
    """Yield people's rows (id, codes, times, lines) as groups of about half a million events."""
    batch: list[tuple[str, list[int], list[int], list[int]]] = []
    events = 0
    for row in rows:
        batch.append(row)
        events += len(row[1])
        if events >= GROUP_EVENTS:
            yield group_of(batch)
            batch, events = [], 0
    if batch:
        yield group_of(batch)


def group_of(rows: Sequence[tuple[str, list[int], list[int], list[int]]]) -> Group:
    """Return a group of rows (id, codes, times, lines); people without a valid event are left out of it."""
    counts = np.array([len(row[1]) for row in rows], np.int64)
    code, ts_ms, line = (np.concatenate([np.array(row[at], np.int64) for row in rows]) for at in (1, 2, 3))
    wrong = code < 0
    left_out = np.bincount(-1 - code[wrong], minlength=len(PROBLEMS))
    person = np.repeat(np.arange(len(rows)), counts)[~wrong]
    code, ts_ms, line = code[~wrong], ts_ms[~wrong], line[~wrong]
    film, kind = code >> _FILM_SHIFT, (code >> _KIND_SHIFT) & _LOW
    valid = standing_events(person, film, kind, ts_ms, line)
    lengths = np.bincount(person[valid], minlength=len(rows))
    users = [row[0] for row, length in zip(rows, lengths.tolist()) if length]  # noqa: B905 - Python 3.9
    half_stars = (code[valid] & _LOW).astype(np.uint8)
    return Group(users, lengths[lengths > 0], film[valid].astype(np.int32), kind[valid].astype(np.uint8), half_stars,
                 ts_ms[valid], left_out)  # fmt: skip


def film_counts(group: Group, films: int) -> np.ndarray:
    """Return the number of people per film who like it, who welcome it (weight above 0), and who have an event on it,
    int64[3, films].
    """
    weight = taste_weights()[group.kind, group.half_stars]
    return np.stack([np.bincount(group.film[mask], minlength=films) for mask in (weight >= 1, weight > 0, weight >= 0)])


def day_counts(group: Group) -> np.ndarray:
    """Return the number of events on each day since 1970, int64[days]."""
    return np.bincount(group.ts_ms // DAY_MS, minlength=LAST_MS // DAY_MS + 1)


def moment_of(by_day: np.ndarray) -> int:
    """Return the first midnight (UTC, epoch ms) before which at least 80 % of the events lie."""
    earlier = np.cumsum(by_day)
    return (int(np.searchsorted(earlier, PAST_SHARE * earlier[-1])) + 1) * DAY_MS


def before(group: Group, moment_ms: int) -> Group:
    """Return a group with the events before a moment; people without one stay."""
    is_past = group.ts_ms < moment_ms
    person = np.repeat(np.arange(len(group.lengths)), group.lengths)
    lengths = np.bincount(person[is_past], minlength=len(group.lengths))
    columns = {name: getattr(group, name)[is_past] for name in ("film", "kind", "half_stars", "ts_ms")}
    return group._replace(lengths=lengths, **columns)


def most_liked(counts: np.ndarray, votes: Sequence[int | None], ids: Sequence[str], most: int) -> np.ndarray:
    """Return the most liked films, ascending int64. Ties are broken by votes, then in the order of a catalogue."""
    likes, welcomes = counts[0].tolist(), counts[1].tolist()

    def place(film: int) -> tuple[int, int, int, int, str]:
        film_votes = votes[film]
        fame = welcomes[film] if film_votes is None else min(max(film_votes, 0), 2**31 - 1)
        return -likes[film], -fame, -welcomes[film], -(film_votes or 0), ids[film]

    return np.sort(np.array(sorted(range(len(ids)), key=place)[:most], np.int64))


def entries_of(group: Group, position: np.ndarray, rules: Rules, films: int) -> FilmEntries:
    """Return the entries of positive weight on the films with a ``position``, of the people who have any."""
    weight = taste_weights()[group.kind, group.half_stars]
    if not rules.graded:
        weight = (weight >= 1).astype(np.float32)
    selected = (weight > 0) & (position[group.film] >= 0)
    person = np.repeat(np.arange(len(group.lengths)), group.lengths)[selected]
    lengths = np.bincount(person, minlength=len(group.lengths))
    relative = lengths[person] / (films if rules.row_exponent > 0 else 1)
    value = np.rint(weight[selected].astype(np.float64) * relative ** (rules.row_exponent / 2) * 2**GRID_BITS)
    film = position[group.film[selected]].astype(np.int32)
    return FilmEntries(lengths[lengths > 0], film, value.astype(np.int32), weight[selected] >= 1)


def slabs_of(films: int, most_bytes: int) -> list[tuple[int, int]]:
    """Return (first, end) of slabs of rows of the upper triangle with about as many entries each."""
    areas = np.cumsum(np.arange(films, 0, -1, dtype=np.int64))
    slabs = max(1, -(-int(areas[-1]) * 8 // most_bytes))
    ends = np.searchsorted(areas, areas[-1] * np.arange(1, slabs + 1) / slabs) + 1
    ends = np.unique(np.minimum(ends, films)).tolist()
    return list(zip([0, *ends[:-1]], ends))  # noqa: B905 - Python 3.9


def piece_of(entries: FilmEntries, first: int, end: int) -> FilmEntries | None:
    """Return the entries that a slab needs: of people with a film in it, those from its first film on."""
    person = np.repeat(np.arange(len(entries.lengths)), entries.lengths)
    inside = (entries.film >= first) & (entries.film < end)
    has = np.bincount(person[inside], minlength=len(entries.lengths)) > 0
    selected = (entries.film >= first) & has[person]
    if not selected.any():
        return None
    lengths = np.bincount(person[selected], minlength=len(entries.lengths))
    return FilmEntries(lengths[lengths > 0], entries.film[selected], entries.value[selected], entries.liked[selected])


def add(entries: FilmEntries, first: int, sums: np.ndarray, shared: np.ndarray) -> None:
    """Add people's products to ``sums`` int64[rows, films - first] and their common likes to ``shared``, same shape.

    Doubles count whole numbers exactly up to 2 ** 53, which the people of one chunk do not reach.
    """
    rows, width = sums.shape
    film, value = entries.film.astype(np.int64) - first, entries.value.astype(np.float64)
    ends = np.repeat(np.cumsum(entries.lengths), entries.lengths)
    in_slab = np.flatnonzero(film < rows)
    # By film, people who like it first, so that their pairs come first, too.
    in_slab = in_slab[np.lexsort((~entries.liked[in_slab], film[in_slab]))]
    bounds = np.searchsorted(film[in_slab], np.arange(rows + 1))
    for row in np.flatnonzero(np.diff(bounds)).tolist():
        at = in_slab[bounds[row] : bounds[row + 1]]
        counts = ends[at] - at
        place = np.arange(counts.sum()) + np.repeat(at - np.cumsum(counts) + counts, counts)
        second = film[place]
        weights = value[place] * np.repeat(value[at], counts)
        sums[row] += np.bincount(second, weights, width).astype(np.int64)
        liked_pairs = int(counts[entries.liked[at]].sum())
        shared[row] += np.bincount(second[:liked_pairs][entries.liked[place[:liked_pairs]]], minlength=width)


def sum_slab(pieces: Iterable[FilmEntries], first: int, end: int, films: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sums and common likes of a slab's rows, int64 and int32 [end - first, films - first]."""
    sums = np.zeros((end - first, films - first), np.int64)
    shared = np.zeros((end - first, films - first), np.int32)
    batch: list[FilmEntries] = []
    for piece in pieces:
        batch.append(piece)
        if sum(len(entries.film) for entries in batch) >= CHUNK_ENTRIES:
            add(_concatenated(batch), first, sums, shared)
            batch = []
    if batch:
        add(_concatenated(batch), first, sums, shared)
    return sums, shared


def _concatenated(pieces: Sequence[FilmEntries]) -> FilmEntries:
    return FilmEntries(*(np.concatenate(column) for column in zip(*pieces)))  # noqa: B905 - Python 3.9


class GramRow(NamedTuple):
    """One film's row of the upper triangle of a matrix: from the diagonal on, the bytes of int64 and uint8."""

    matrix: str
    film: int
    sums: bytearray
    shared: bytearray


def rows_of(matrix: str, first: int, sums: np.ndarray, shared: np.ndarray) -> Iterator[GramRow]:
    """Yield the rows of a slab; common likes are capped at 255."""
    capped = np.minimum(shared, 255).astype(np.uint8)
    for at in range(len(sums)):
        yield GramRow(matrix, first + at, bytearray(sums[at, at:].tobytes()), bytearray(capped[at, at:].tobytes()))


def hash_of(text: str) -> int:
    """Return the first 40 bits of BLAKE2b, as Marquee hashes ids."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=5).digest(), "big")


def person_order(user: str) -> tuple[int, str]:
    """Return the sort key of a person's id: numbers by value, then all others."""
    return (int(user), user) if user.isdecimal() else (1 << 62, user)


# The functions from here on run Spark.


class LogFilms(NamedTuple):
    """The films of the log, ordered by a hash of their ids, so that the well-known ones are spread over the slabs."""

    ids: list[str]
    votes: list[int | None]
    place: dict[str, int]
    """Index of every id, including other ids."""


def read_table(spark: SparkSession, path: str, form: str | None) -> DataFrame:
    """Return a table of text columns; ``form`` defaults to the path's ending. Raises SystemExit for an unknown form."""
    name = path.rstrip("/").removesuffix(".gz").lower()
    form = form or next((form for form in ("parquet", "json", "jsonl", "csv") if name.endswith(form)), None)
    if form == "parquet":
        return spark.read.parquet(path)
    if form in {"json", "jsonl"}:
        return spark.read.json(path, primitivesAsString=True)
    if form == "csv":
        return spark.read.csv(path, header=True, escape='"')
    raise SystemExit(f"{path}: unknown format; give --form csv, json or parquet")


def select_columns(table: DataFrame, columns: Sequence[str], required: Sequence[str], path: str) -> DataFrame:
    """Return these columns under our names. Raises SystemExit for a table without a required one."""
    folded = {name.lower().replace("_", ""): name for name in table.columns}
    sources = {target: next((folded[name] for name in COLUMNS[target] if name in folded), None) for target in columns}
    for target in required:
        if sources[target] is None:
            raise SystemExit(f"{path}: no column for {target} ({', '.join(COLUMNS[target])}); it has {table.columns}")
    return table.select([table[source].alias(target) for target, source in sources.items() if source is not None])


def read_films(spark: SparkSession, path: str) -> LogFilms:
    """Return the films of a catalogue."""
    from pyspark.sql import functions as sql

    table = select_columns(read_table(spark, path, None), ("item", "votes", "others"), ("item",), path)
    item = sql.trim(sql.col("item").cast("string"))
    votes = sql.col("votes").cast("double").cast("long") if "votes" in table.columns else sql.lit(None).cast("long")
    has_aliases = dict(table.dtypes).get("others") == "array<string>"
    rows = table.select(item, votes, sql.col("others") if has_aliases else sql.lit(None)).collect()
    first = {row[0]: row for row in reversed(rows) if row[0]}
    ids = sorted(first, key=lambda item: (hash_of(item), item))
    place = {str(alias): film for film, item in enumerate(ids) for alias in first[item][2] or ()}
    place.update({item: film for film, item in enumerate(ids)})
    return LogFilms(ids, [first[item][1] for item in ids], place)


def encode_events(events: DataFrame, films: DataFrame, scale: float, number: int) -> DataFrame:
    """Return ``user``, ``code``, ``ts`` and ``line``: film, kind and half stars in one number, below 0 for an event
    that is left out; left-out events get keys of their own, spread evenly. ``number``: index of the path, whose lines
    follow those of the paths before it.
    """
    from pyspark.sql import functions as sql

    line = sql.monotonically_increasing_id() + (number << _PATH_SHIFT)
    user = sql.regexp_replace(sql.trim(sql.coalesce(sql.col("user").cast("string"), sql.lit(""))), r"^(\d+)\.0+$", "$1")
    parsed = events.select(
        user.alias("user"), sql.trim(sql.col("item").cast("string")).alias("item"), _kind(events).alias("kind"),
        _half_stars(events, scale).alias("half"), _ms().alias("ms"), line.alias("line"),
    )  # fmt: skip
    joined = parsed.join(sql.broadcast(films), "item", "left")
    bad_id = (sql.length("user") > MAX_ID) | sql.col("user").rlike(r"[\x00-\x1f\x7f]")
    no_stars = (sql.col("kind") == RATING) & sql.col("half").isNull()
    problems = (
        sql.col("user") == "",
        bad_id,
        sql.col("kind").isNull(),
        sql.col("film").isNull(),
        no_stars,
        sql.col("ms").isNull(),
    )
    half = sql.when(sql.col("kind") == RATING, sql.col("half")).otherwise(2)
    code = sql.col("film") * 2**_FILM_SHIFT + sql.col("kind") * 2**_KIND_SHIFT + half
    for at in reversed(range(len(PROBLEMS))):
        code = sql.when(problems[at], -1 - at).otherwise(code)
    spread_key = sql.concat(sql.lit("\0"), sql.col("line") % 997)
    codes = joined.select("user", code.cast("long").alias("code"), sql.coalesce("ms", sql.lit(0)).alias("ts"), "line")
    return codes.withColumn("user", sql.when(sql.col("code") < 0, spread_key).otherwise(sql.col("user")))


def _kind(events: DataFrame) -> Column:
    from pyspark.sql import functions as sql

    if "event" not in events.columns:
        return sql.lit(RATING if "value" in events.columns else WATCH)
    name, kind = sql.lower(sql.trim(sql.col("event"))), sql.lit(None)
    for label, number in KINDS.items():
        kind = sql.when(name == label, number).otherwise(kind)
    return kind


def _half_stars(events: DataFrame, scale: float) -> Column:
    from pyspark.sql import functions as sql

    if "value" not in events.columns:
        return sql.lit(None).cast("long")
    stars = sql.regexp_replace(sql.trim(sql.col("value").cast("string")), ",", ".").cast("double")
    halves = sql.round(stars * (10 / scale))
    fits = (stars > 0) & (stars <= scale) if scale != 5 else (stars * 2 == halves) & halves.between(1, 10)
    return sql.when(fits, sql.greatest(halves, sql.lit(1.0))).cast("long")


def _ms() -> Column:
    """Return epoch milliseconds from epoch seconds, milli-, micro- or nanoseconds, or ISO 8601 (UTC if without an
    offset).
    """
    from pyspark.sql import functions as sql

    text = sql.trim(sql.col("ts").cast("string"))
    number = sql.when(~text.rlike(r"^(?:19|20)\d\d(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))?$"), text.cast("double"))
    ms = sql.unix_millis(sql.to_timestamp(text)).cast("double")
    for below, factor in ((1e20, 1e-6), (1e17, 1e-3), (1e14, 1.0), (1e11, 1e3)):
        ms = sql.when(number < below, number * factor).otherwise(ms)
    return sql.when(ms.between(0, LAST_MS), sql.round(ms).cast("long"))


def gram_rows(
    groups: RDD[Group], position: np.ndarray, rules: Rules, name: str, parts: int, slab_bytes: int
) -> RDD[Any]:
    """Return the matrix over the films with a position, as the tuples of its rows."""
    films = int(position.max()) + 1
    slabs = slabs_of(films, slab_bytes)

    def pieces(at: int, part: Iterator[Group]) -> Iterator[tuple[int, FilmEntries]]:
        for number, group in enumerate(part):
            entries = entries_of(group, position, rules, films)
            for slab, (first, end) in enumerate(slabs):
                piece = piece_of(entries, first, end)
                if piece is not None:
                    yield slab * parts + (at + number) % parts, piece

    def sums(key: int, part: Iterator[tuple[int, FilmEntries]]) -> Iterator[tuple[int, tuple[np.ndarray, np.ndarray]]]:
        yield key // parts, sum_slab((piece for _, piece in part), *slabs[key // parts], films)

    of_parts = groups.mapPartitionsWithIndex(pieces).partitionBy(len(slabs) * parts, int).mapPartitionsWithIndex(sums)
    if parts > 1:
        of_parts = of_parts.reduceByKey(lambda left, right: (left[0] + right[0], left[1] + right[1]), len(slabs))
    return of_parts.flatMap(lambda slab: map(tuple, rows_of(name, slabs[slab[0]][0], *slab[1])))


def lengths_of(groups: RDD[Group], position: np.ndarray, rules: Rules) -> list[int]:
    """Return how many people have 0, 1, 2, ... positive events on the films with a position."""
    films = int(position.max()) + 1

    def count(group: Group) -> np.ndarray:
        return np.bincount(entries_of(group, position, rules, films).lengths, minlength=films + 1)

    counts = groups.map(count).treeReduce(np.add)
    return [int(count) for count in np.trim_zeros(counts, "b")]


def tuning_sample(groups: RDD[Group], tuning: np.ndarray) -> list[tuple[int, int, int, int, int]]:
    """Return (person, film, kind, half stars, ts_ms) of the people and films by which lambda is chosen."""

    def eligible(group: Group) -> list[tuple[int, str]]:
        liked = (taste_weights()[group.kind, group.half_stars] >= 1) & (tuning[group.film] >= 0)
        person = np.repeat(np.arange(len(group.lengths)), group.lengths)
        likes = np.bincount(person[liked], minlength=len(group.lengths))
        users = [group.users[index] for index in np.flatnonzero(likes >= MIN_LIKES).tolist()]
        return [(hash_of(user), user) for user in users]

    chosen = sorted((user for _, user in groups.flatMap(eligible).takeOrdered(MAX_PEOPLE)), key=person_order)
    number = {user: index for index, user in enumerate(chosen)}

    def events_of(group: Group) -> Iterator[tuple[int, int, int, int, int]]:
        ends = np.cumsum(group.lengths).tolist()
        for index, user in enumerate(group.users):
            if user in number:
                for event in range(ends[index] - int(group.lengths[index]), ends[index]):
                    if tuning[group.film[event]] >= 0:
                        columns = (group.film, group.kind, group.half_stars, group.ts_ms)
                        yield (number[user], *(int(column[event]) for column in columns))  # type: ignore[misc]

    return sorted(groups.flatMap(events_of).collect())


def run(spark: SparkSession, options: argparse.Namespace) -> dict[str, Any]:
    """Count, write the result below ``options.out``, and return its ``about`` document. Raises SystemExit."""
    from pyspark import StorageLevel

    rules = Rules(options.max_films, options.row_exponent, not options.not_graded)
    films = read_films(spark, options.films)
    places = spark.createDataFrame(list(films.place.items()), "item string, film long")
    columns = ("user", "item", "event", "value", "ts")
    tables = [
        select_columns(read_table(spark, path, options.form), columns, ("user", "item", "ts"), path)
        for path in options.events
    ]
    codes = [encode_events(table, places, options.scale, number) for number, table in enumerate(tables)]
    all_codes = codes[0]
    for more_codes in codes[1:]:
        all_codes = all_codes.unionByName(more_codes)
    groups = _groups_of(all_codes).persist(StorageLevel.MEMORY_AND_DISK)
    counts = groups.map(lambda group: film_counts(group, len(films.ids))).treeReduce(np.add)
    if not counts[0].any():
        raise SystemExit("no event is a like: there is nothing to count")
    table, tuning = (
        positions_of(most_liked(counts, films.votes, films.ids, most), len(films.ids))
        for most in (rules.max_films, min(TUNING_FILMS, rules.max_films))
    )
    moment_ms = moment_of(groups.map(day_counts).treeReduce(np.add))
    matrices = matrices_of(groups, table, tuning, moment_ms)
    _write(spark, options, films, counts, groups, rules, matrices)
    about = _about(groups, counts, rules, matrices) | {"moment_ms": moment_ms}
    text = spark.createDataFrame([(json.dumps(about, sort_keys=True),)], "about string")
    text.coalesce(1).write.mode("overwrite").text(f"{options.out}/about")
    return about


def _groups_of(codes: DataFrame) -> RDD[Group]:
    from pyspark.sql import functions as sql

    lists = [sql.collect_list(column) for column in ("code", "ts", "line")]
    return codes.groupBy("user").agg(*lists).rdd.map(tuple).mapPartitions(pack_groups)


class Matrix(NamedTuple):
    """A matrix to be counted: of some people's events, on the films with a position."""

    name: str
    groups: RDD[Group]
    position: np.ndarray


def matrices_of(groups: RDD[Group], table: np.ndarray, tuning: np.ndarray, moment_ms: int) -> list[Matrix]:
    """Return the matrices, by the positions of the films of the tables and of those to choose lambda by."""
    past = groups.map(lambda group: before(group, moment_ms))
    return [Matrix("table", groups, table), Matrix("tuning", groups, tuning), Matrix("past", past, tuning)]


def positions_of(chosen: np.ndarray, films: int) -> np.ndarray:
    """Return the position of each film among the chosen ones, int64[films]; -1 for all others."""
    position = np.full(films, -1, np.int64)
    position[chosen] = np.arange(len(chosen))
    return position


def _write(
    spark: SparkSession, options: argparse.Namespace, films: LogFilms, counts: np.ndarray, groups: RDD[Group],
    rules: Rules, matrices: Sequence[Matrix],
) -> None:  # fmt: skip
    table, tuning, _ = (matrix.position for matrix in matrices)
    mode = "overwrite" if options.overwrite else "errorifexists"
    rows = [
        (item, int(table[film]), int(tuning[film]), *(int(count) for count in counts[:, film]))
        for film, item in enumerate(films.ids)
    ]
    columns = "item_id string, table int, tuning int, likes long, welcomes long, events long"
    spark.createDataFrame(rows, columns).coalesce(1).write.mode(mode).parquet(f"{options.out}/films")
    sample = [(person, films.ids[film], *rest) for person, film, *rest in tuning_sample(groups, tuning)]
    columns = "person int, item_id string, kind int, half_stars int, ts_ms long"
    spark.createDataFrame(sample, columns).coalesce(1).write.mode(mode).parquet(f"{options.out}/sample")
    slab_bytes = int(options.slab_mb * 1e6)
    rows = spark.sparkContext.union([
        gram_rows(each.groups, each.position, rules, each.name, options.parts if each is matrices[0] else 1, slab_bytes)
        for each in matrices
    ])  # fmt: skip
    columns = "matrix string, film int, sums binary, shared binary"
    spark.createDataFrame(rows, columns).write.mode(mode).parquet(f"{options.out}/gram")


def _about(groups: RDD[Group], counts: np.ndarray, rules: Rules, matrices: Sequence[Matrix]) -> dict[str, Any]:
    tally: Callable[[Group], np.ndarray] = lambda group: np.append(group.left_out, len(group.users))  # noqa: E731
    *left_out, people = groups.map(tally).treeReduce(np.add).tolist()
    return {
        "format": FORMAT,
        "grid_bits": GRID_BITS,
        "people": people,
        "likes": int(counts[0].sum()),
        "events": int(counts[2].sum()),
        "lengths": {each.name: lengths_of(each.groups, each.position, rules) for each in matrices},
        "left_out": {name: count for name, count in zip(PROBLEMS, left_out) if count},  # noqa: B905 - Python 3.9
        "params": rules._asdict(),
    }


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="gram_job.py", description="Count the Gram matrix of events with Spark.")
    parser.add_argument("--events", nargs="+", required=True, help="files or folders of events")
    parser.add_argument(
        "--form", choices=("csv", "json", "parquet"), help="format of the events; default: by the ending"
    )
    parser.add_argument(
        "--films", required=True, help="the catalogue: items.parquet of a build, movies.csv, JSON lines"
    )
    parser.add_argument("--out", required=True, help="folder for the result")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier result")
    parser.add_argument("--scale", type=float, default=5.0, help="maximum of the rating scale")
    parser.add_argument("--max-films", type=int, default=20_000, help="films in the tables, at most 65,535")
    parser.add_argument("--row-exponent", type=float, default=-0.25, help="a person with n films weighs n ** exponent")
    parser.add_argument("--not-graded", action="store_true", help="a like counts 1, any other event nothing")
    parser.add_argument(
        "--parts", type=int, default=1, help="parts into which people are split; more parts make smaller tasks"
    )
    parser.add_argument(
        "--slab-mb", type=float, default=128.0, help="megabytes of a task's sums; its process uses three times as much"
    )
    return parser.parse_args(words)


def main(words: Sequence[str]) -> None:
    """Run the job in the session of spark-submit, or in a new local one."""
    from pyspark.sql import SparkSession

    options = arguments(words)
    # Times without an offset are UTC, and values that cannot be cast are null, as before Spark 4.
    session = SparkSession.builder.appName("marquee-gram").config("spark.sql.session.timeZone", "UTC")
    spark = session.config("spark.sql.ansi.enabled", "false").getOrCreate()
    try:
        about = run(spark, options)
    finally:
        spark.stop()
    sys.stdout.write(json.dumps({name: about[name] for name in about if name != "lengths"}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
