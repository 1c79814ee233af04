"""Check events column by column, and keep the decisive event of each person and film."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from data_jobs.readers.fields import MAX_ID
from data_jobs.records import Events
from data_jobs.report import Report
from services.recommender.domain.history import RATINGS, EventKind

_LAST_MS = 4_102_444_800_000  # 2100-01-01
_UNITS = ((1e11, 1e3), (1e14, 1.0), (1e17, 1e-3), (1e20, 1e-6))
"""A number under 1e11 is epoch seconds (until the year 5138), under 1e14 milliseconds (from March 1973), and so on for
micro- and nanoseconds.
"""
_DATES = ("%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%m %d, %Y", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S",
          "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%Y%m%d", "%Y", "%a, %d %b %Y %H:%M:%S GMT",
          "%a %b %d %H:%M:%S %Y")  # fmt: skip
_DAY_OR_YEAR = r"^(?:19|20)\d\d(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))?$"
"""20240301 and 2024 are dates: as epoch seconds they would all fall in 1970."""
_FLOAT_ID = r"^(\d+)\.0+$"
_PART = re.compile(r"([\d.]+)\s*(?:/\s*(\d+)|(%))")
_IS_RATING = pl.col("kind") == EventKind.RATING
_PAIR = ("user", "film")
_STRENGTH = {int(EventKind.CLICK): 0, int(EventKind.WATCH): 1}
"""An opinion (2) outweighs a watch, a watch a click; within one strength the latest stands."""


@dataclass(frozen=True, slots=True)
class Columns:
    """How to report wrong rows of one file: ``names`` maps our column names to the file's."""

    file: str
    names: Mapping[str, str]
    report: Report

    def cite(self, bad: pl.DataFrame, code: str, column: str, expected: str | None = None) -> None:
        """Report every row of ``bad``: the first ones with line and value, all of them in the count."""
        first = bad.head(self.report.keep)
        name = self.names.get(column, column)
        for line, value in zip(first["line"], first[column], strict=True):
            self.report.add(code, self.file, line=line, field=name, value=value, expected=expected)
        self.report.add_uncited(code, self.file, bad.height - first.height)

    def drop(
        self, table: pl.DataFrame, wrong: pl.Expr, code: str, column: str, expected: str | None = None
    ) -> pl.DataFrame:
        """Return ``table`` without the rows where ``wrong`` holds or is null; these are reported."""
        bad = table.select(wrong.fill_null(value=True).alias("bad"))["bad"]
        if not bad.any():
            return table
        self.cite(table.filter(bad), code, column, expected)
        return table.filter(~bad)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Maps ids to films. ``rows``: item, film; ``loose``: the film of an id in another form (00031, 31.0), or None;
    ``report_loose``: whether a film found by such an id is reported.
    """

    rows: pl.DataFrame
    loose: Callable[[str], int | None]
    report_loose: bool = True

    @classmethod
    def of(
        cls, pairs: Mapping[str, int], loose: Callable[[str], int | None] = lambda _: None, *, report_loose: bool = True
    ) -> "Lookup":
        """Return a lookup of ids and their films' rows."""
        columns = {"item": list(pairs), "film": list(pairs.values())}
        return cls(pl.DataFrame(columns, schema={"item": pl.String, "film": pl.Int32}), loose, report_loose)

    def with_films(self, table: pl.DataFrame, columns: "Columns") -> pl.DataFrame:
        """Return the table with ``film``, null if no film has the id."""
        table = table.with_columns(pl.col("item").str.strip_chars())
        table = table.join(self.rows, on="item", how="left", maintain_order="left")
        missing = table.filter(pl.col("film").is_null())
        loose_rows = {item: film for item in missing["item"].unique() if (film := self.loose(item)) is not None}
        if not loose_rows:
            return table
        pairs = {"item": list(loose_rows), "loose": list(loose_rows.values())}
        films = pl.DataFrame(pairs, schema={"item": pl.String, "loose": pl.Int32})
        if self.report_loose:
            columns.cite(missing.filter(pl.col("item").is_in(list(loose_rows))), "id-form", "item")
        table = table.join(films, on="item", how="left", maintain_order="left")
        return table.with_columns(pl.coalesce("film", "loose")).drop("loose")


def check_events(table: pl.DataFrame, lookup: Lookup, columns: Columns, scale: float = 5.0) -> pl.DataFrame:
    """Convert strings to ``line, user, film, kind, value, ts_ms``; wrong rows are reported and left out.

    ``table``: line, user, item, value, ts as strings, kind as codes (uint8). ``scale``: the top of the ratings.
    """
    table = lookup.with_films(_people(table, columns), columns)
    table = columns.drop(table, pl.col("film").is_null(), "unknown-film", "item", "a film of the catalogue")
    table = _times(_values(table.drop("item"), columns, scale), columns)
    return table.select("line", "user", "film", "kind", "value", "ts_ms")


def _people(table: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    user = pl.col("user")
    table = table.with_columns(user.str.strip_chars())
    # The pattern is tried only on ids with a dot: 32 million ids come this way.
    dotted = table.filter(user.str.contains(".", literal=True))
    if dotted.height and (floats := dotted.filter(user.str.contains(_FLOAT_ID))).height:
        columns.cite(floats, "id-form", "user")
        table = table.with_columns(user.str.replace(_FLOAT_ID, "$1"))
    table = columns.drop(table, user == "", "missing-value", "user", "a person's id")
    unfit = (user.str.len_chars() > MAX_ID) | user.str.contains(r"[\x00-\x1f\x7f]")
    return columns.drop(table, unfit, "bad-id", "user", f"at most {MAX_ID} printable characters")


def _values(table: pl.DataFrame, columns: Columns, scale: float) -> pl.DataFrame:
    """Return stars for ratings, 1 for anything else."""
    commas = _IS_RATING & pl.col("value").str.contains(",")
    columns.report.add_uncited("decimal-comma", columns.file, int(table.select(commas.sum()).item()))
    stars = pl.col("value").str.strip_chars().str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    table = table.with_columns(stars.alias("stars"))
    worded = table.filter(_IS_RATING & pl.col("stars").is_null())["value"].unique()
    if stars_of := {text: stated for text in worded if (stated := _worded_stars(text, scale)) is not None}:
        in_words = pl.col("value").replace_strict(stars_of, default=None, return_dtype=pl.Float64)
        columns.report.add_uncited("rating-scale", columns.file, int(table.select(in_words.is_not_null().sum()).item()))
        table = table.with_columns(pl.coalesce("stars", in_words).alias("stars"))
    stars, expected = pl.col("stars"), "0.5, 1, 1.5 ... 5"
    if scale != RATINGS[-1]:
        columns.report.add_uncited("rating-scale", columns.file, int(table.select(_IS_RATING.sum()).item()))
        expected = f"above 0, up to {scale:g}"
        halves = (stars * (2 * RATINGS[-1] / scale)).round(mode="half_away_from_zero") / 2
        stars = pl.when((stars > 0) & (stars <= scale)).then(halves.clip(lower_bound=RATINGS[0]))
    wrong = _IS_RATING & ~stars.is_in(RATINGS).fill_null(value=False)
    table = columns.drop(table, wrong, "rating-out-of-range", "value", expected)
    odd = table.filter(~_IS_RATING & ~pl.col("value").str.strip_chars().is_in(["", "1", "1.0"]))
    columns.cite(odd, "bad-value", "value", "1 or nothing: only a rating has a value")
    return table.with_columns(pl.when(_IS_RATING).then(stars).otherwise(1.0).cast(pl.Float32).alias("value"))


def _worded_stars(text: str, scale: float) -> float | None:
    """Return "4/5", "8/10", "80 %" or "★★★★½" on a scale up to ``scale``; None for anything else. Fractions and
    percentages are rounded to tenths of the scale.
    """
    text = text.strip().replace(",", ".")
    if set(text) <= {"★", "☆", "½"} and "★" in text:
        return (text.count("★") + text.count("½") / 2) / RATINGS[-1] * scale
    match = _PART.fullmatch(text)
    try:
        share = float(match[1]) / float(match[2] or 100) if match else -1.0
    except (ValueError, ZeroDivisionError):
        return None
    return int(share * 10 + 0.5) / 10 * scale if 0 < share <= 1 else None


def _worded_ms(text: str) -> float | None:
    """Return epoch ms of an ISO 8601 time or a date with a month name, UTC if without an offset; None if it is
    neither.
    """
    text = re.sub(r"([+-]\d\d:?\d\d) [A-Z]{1,5}$", r"\1", text)
    text = re.sub(r" ?UTC$", "+00:00", text)
    for form in ("", *_DATES):
        try:
            # A time without an offset is UTC.
            moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007
        except ValueError:
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
    return None


def _times(table: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """Convert epoch seconds, milli-, micro- or nanoseconds, or a textual date, to ``ts_ms``."""
    text = pl.col("ts").str.strip_chars()
    number = text.cast(pl.Float64, strict=False)
    if table.select(text.str.len_bytes().is_in([4, 8]).any()).item():
        number = pl.when(~text.str.contains(_DAY_OR_YEAR)).then(number)
    ms = pl.coalesce(pl.when(number < below).then(number * factor) for below, factor in _UNITS)
    table = table.with_columns(ms.alias("ts_ms"))
    worded = table["ts_ms"].is_null()
    if worded.any():
        texts = table.filter(worded)["ts"].unique()
        parsed = pl.DataFrame(
            {"ts": texts, "parsed": [_worded_ms(text.strip()) for text in texts]},
            schema={"ts": pl.String, "parsed": pl.Float64},
        )
        table = table.join(parsed, on="ts", how="left", maintain_order="left")
        table = table.with_columns(pl.coalesce("ts_ms", "parsed")).drop("parsed")
    fits = pl.col("ts_ms").is_between(0, _LAST_MS).fill_null(value=False)
    table = columns.drop(table, ~fits, "bad-timestamp", "ts", "ISO 8601 or epoch seconds or ms, 1970 to 2100")
    return table.drop("ts").with_columns(pl.col("ts_ms").round().cast(pl.Int64))


def keep_latest(events: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """Keep one rating per person and film: the latest by time, then by line; the others are reported."""
    if events.select(pl.struct(_PAIR).hash()).to_series().n_unique() == events.height:
        return events
    ordered = events.sort("ts_ms", "line")
    latest = ordered.unique(_PAIR, keep="last", maintain_order=True)
    _cite_dropped(ordered, latest, "duplicate-rating", columns)
    return latest


def keep_standing(events: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """Keep the decisive event of each person and film of a log, as the server would.

    That is the latest explicit opinion; without one, or since a ``clear``, the latest watch, else the latest click.
    """
    repeated = events.select(pl.struct(_PAIR).is_duplicated() | (pl.col("kind") == EventKind.CLEAR)).to_series()
    if not repeated.any():
        return events
    ordered = events.filter(repeated).sort("ts_ms", "line")
    # Keep the later of two identical events: a clear of the same millisecond may lie between them.
    once = ordered.unique((*_PAIR, "kind", "value", "ts_ms"), keep="last", maintain_order=True)
    _cite_dropped(ordered, once, "duplicate-event", columns)
    once = once.with_row_index("place")
    clears = once.filter(pl.col("kind") == EventKind.CLEAR).group_by(_PAIR).agg(pl.col("place").max().alias("clear"))
    placed = once.join(clears, on=_PAIR, how="left", maintain_order="left")
    uncleared = placed.filter(pl.col("clear").is_null() | (pl.col("place") > pl.col("clear"))).drop("place", "clear")
    _cite_dropped(once, uncleared, "cleared-event", columns)
    ranked = uncleared.sort(pl.col("kind").replace_strict(_STRENGTH, default=2), maintain_order=True)
    decisive = ranked.unique(_PAIR, keep="last", maintain_order=True)
    _cite_dropped(uncleared, decisive, "superseded-event", columns)
    return pl.concat([events.filter(~repeated), decisive])


def _cite_dropped(before: pl.DataFrame, after: pl.DataFrame, code: str, columns: Columns) -> None:
    dropped = before.join(after.select("line"), on="line", how="anti").sort("line")
    columns.cite(dropped, code, "value")


def _person_order(user_id: str) -> tuple[int, str]:
    """Sort key of a user id: numbers by value, then anything else alphabetically."""
    return (int(user_id), user_id) if user_id.isdecimal() else (1 << 62, user_id)


def to_events(events: pl.DataFrame) -> Events:
    """Convert checked columns to ``Events``: people in the order of their ids, each person's events by time, film."""
    user_ids = sorted(events["user"].unique(), key=_person_order)
    codes = events.with_columns(pl.col("user").cast(pl.Enum(user_ids)).to_physical().cast(pl.Int32))
    ordered = codes.drop("line").sort("user", "ts_ms", "film")
    return Events(
        user_ids=tuple(user_ids),
        user=ordered["user"].to_numpy(),
        film=ordered["film"].to_numpy(),
        kind=ordered["kind"].to_numpy(),
        value=ordered["value"].to_numpy(),
        ts_ms=ordered["ts_ms"].to_numpy(),
    )
