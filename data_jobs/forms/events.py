"""Read event parts: ratings on any scale and logs with any event names; films are looked up by the file's ids."""

import re
from collections.abc import Mapping, Sequence

import polars as pl

from data_jobs.forms.part import Part, Space
from data_jobs.forms.rows import batches_of, note_others
from data_jobs.forms.scales import YES, YES_NO
from data_jobs.readers.events import Columns, Lookup, check_events, keep_latest, keep_standing, to_events
from data_jobs.readers.fields import imdb_id, unique
from data_jobs.readers.merge import Link
from data_jobs.readers.text import fold
from data_jobs.readers.titles import parse_title
from data_jobs.records import Events, Film
from data_jobs.report import Progress, Report
from services.recommender.domain.history import EventKind

_COLUMNS = ("user", "item", "event", "value", "ts")
_OTHER_NAMES = {
    EventKind.LIKE: "liked love loved favorite favorited favourite favourited thumbsup thumbup upvote",
    EventKind.DISLIKE: "disliked hate hated thumbsdown thumbdown downvote",
    EventKind.RATING: "rate rated review reviewed stars",
    EventKind.WATCH: "watched play played playback stream streamed finish finished complete completed consume consumed "
    "purchase purchased buy bought order ordered transaction rent rented rental borrow borrowed seen ordercompleted "
    "orderplaced checkoutcompleted productpurchased videoplaybackcompleted videocomplete videocompleted read",
    EventKind.CLICK: "clicked view viewed pageview detail details detailview productview itemview open opened "
    "viewitem selectitem productviewed productclicked productadded begincheckout videostart videostarted "
    "videoplaybackstarted addtocart cart addcart wishlist addtowishlist watchlist addtowatchlist bookmark preview "
    "trailer",
    EventKind.CLEAR: "unlike undo",
}
KINDS: Mapping[str, EventKind] = {kind.label: kind for kind in EventKind}
"""The six event names of Marquee's own format."""
_ALIASES = {name: kind for kind, names in _OTHER_NAMES.items() for name in names.split()}
_NUMBER = re.compile(r"0*(\d+)(?:\.0+)?")


def kind_of(name: str) -> EventKind | None:
    """Return the kind that a log's event name means, None if unknown: a purchase is a watch, a page view a click."""
    plain = name.strip().lower()
    return KINDS.get(plain) or _ALIASES.get(re.sub(r"[^a-z]", "", plain))


def read_events(
    parts: Sequence[Part], lookups: Mapping[Space, Lookup], report: Report, progress: Progress, *, may_lack: bool
) -> Events:
    """Return the events of these parts; for each person and film, the decisive one. ``may_lack``: a file may have no
    rows.

    Never creates a Python object per row: 32 million ratings stay columns from file to result.
    """
    is_only = len(parts) == 1
    tables = [_read(part, lookups[part.space], report, progress, may_lack=may_lack, is_only=is_only) for part in parts]
    if not tables:
        return Events.empty()
    if len(tables) == 1:
        return to_events(tables.pop())
    recount = Report(keep=0)
    whole = pl.concat(tables).drop("line").with_row_index("line").cast({"line": pl.Int64})
    decisive = keep_standing(whole, Columns(parts[0].name, {}, recount))
    for code, count in recount.counts.items():
        report.add_uncited(code, parts[0].name, count)
    return to_events(decisive)


def _read(
    part: Part, lookup: Lookup, report: Report, progress: Progress, *, may_lack: bool, is_only: bool
) -> pl.DataFrame:
    note_others(part, report)
    columns = Columns(part.name, dict(part.columns), report)
    if "ts" not in part.columns:
        report.add("no-times", part.name)
    checked, done, kinds = [], 0, dict[str, EventKind | None]()
    for batch in batches_of(part, _COLUMNS, report, may_lack_rows=may_lack):
        table = _with_kinds(_with_defaults(batch), part, kinds, columns)
        checked.append(check_events(table, lookup, columns, part.scale or 5.0))
        done += batch.height
        progress.advance(f"reading {part.name}", done, None)
    whole = pl.concat(checked)
    checked.clear()
    progress.advance(f"reading {part.name}", done, done)
    if not is_only and (whole["kind"] == EventKind.CLEAR).any():
        return whole  # what a clear takes back may be in another file
    return (keep_standing if "event" in part.columns else keep_latest)(whole, columns)


def _with_defaults(batch: pl.DataFrame) -> pl.DataFrame:
    """Add value and time if the file has none: line order replaces time."""
    if "value" not in batch.columns:
        batch = batch.with_columns(value=pl.lit(""))
    if "ts" not in batch.columns:
        # Written as a decimal, since whole numbers of eight digits are read as dates.
        batch = batch.with_columns(ts=pl.col("line").cast(pl.Float64).cast(pl.String))
    return batch


def _with_kinds(table: pl.DataFrame, part: Part, kinds: dict[str, EventKind | None], columns: Columns) -> pl.DataFrame:
    """Replace ``event`` by ``kind``; other names for known events are noted, an unknown name is an error."""
    if "event" not in part.columns:
        if part.scale == YES_NO:
            yes = pl.col("value").str.strip_chars().str.to_lowercase().is_in(list(YES))
            liked = pl.when(yes).then(int(EventKind.LIKE)).otherwise(int(EventKind.DISLIKE)).cast(pl.UInt8)
            return table.with_columns(kind=liked, value=pl.lit(""))
        kind = EventKind.RATING if "value" in part.columns else EventKind.WATCH
        return table.with_columns(kind=pl.lit(kind, pl.UInt8))
    for name in table["event"].unique(maintain_order=True):
        if name not in kinds:
            kinds[name] = kind_of(name)
            if kinds[name] is not None and name.strip().lower() not in KINDS:
                first = table.filter(pl.col("event") == name).head(1)
                columns.cite(first, "event-name", "event", kinds[name].label)  # type: ignore[union-attr]
    codes_of = {name: int(kind) for name, kind in kinds.items() if kind is not None}
    table = columns.drop(table, ~pl.col("event").is_in(list(codes_of)), "unknown-event", "event", ", ".join(KINDS))
    codes = pl.col("event").replace_strict(codes_of, return_dtype=pl.UInt8, default=None)
    return table.with_columns(codes.alias("kind")).drop("event")


def lookups_of(films: Sequence[Film], space: Space, links: Mapping[str, Link]) -> dict[Space, Lookup]:
    """Return film lookups by id space. ``space``: that of the catalogue; ``links`` lead from MovieLens ids to a
    catalogue with other ids.
    """
    own = {film.item_id: row for row, film in enumerate(films)}
    tmdb = {str(film.tmdb_id): row for row, film in reversed(list(enumerate(films))) if film.tmdb_id is not None}
    imdb = {film.imdb_id: row for row, film in reversed(list(enumerate(films))) if film.imdb_id is not None}
    if links and space is not Space.OWN:
        linked = {item_id: tmdb.get(str(link.tmdb_id), imdb.get(link.imdb_id or "")) for item_id, link in links.items()}
        named = {item_id: row for item_id, row in linked.items() if row is not None}
    else:
        named = own
    return {
        Space.OWN: Lookup.of(named, _Loose(named, imdb)),
        Space.TMDB: Lookup.of(tmdb, _Loose(tmdb, {})),
        Space.IMDB: Lookup.of(imdb, lambda text: imdb.get(imdb_id(text) or "")),
        Space.TITLE: Lookup.of({}, _Titles(films), report_loose=False),
    }


class _Loose:
    """Ids in another form: zero-padded, as 31.0, as IMDb ids. An ambiguous id matches no film."""

    def __init__(self, pairs: Mapping[str, int], imdb: Mapping[str, int]) -> None:
        self._imdb = imdb
        self._plain: dict[str, int | None] = {}
        for item, row in pairs.items():
            key = _plain(item)
            self._plain[key] = row if self._plain.setdefault(key, row) == row else None

    def __call__(self, text: str) -> int | None:
        row = self._plain.get(_plain(text))
        if row is None and text.startswith("tt"):
            row = self._imdb.get(imdb_id(text) or "")
        return row


def _plain(item: str) -> str:
    match = _NUMBER.fullmatch(item.strip())
    return match[1] if match else item.strip().casefold()


class _Titles:
    """Titles with or without their year. A title of several films matches none, unless a year decides."""

    def __init__(self, films: Sequence[Film]) -> None:
        self._undated = {row for row, film in enumerate(films) if film.year is None}
        self._rows: dict[tuple[str, int | None], int | None] = {}
        for row, film in enumerate(films):
            for name in unique(fold(each) for each in (film.title, *film.aka)):
                for year in {film.year, None}:
                    key = (name, year)
                    self._rows[key] = row if self._rows.setdefault(key, row) == row else None

    def __call__(self, text: str) -> int | None:
        title = parse_title(text)
        name = fold(title.name)
        for year in (title.year,) if title.year is None else (title.year, title.year - 1, title.year + 1):
            if (row := self._rows.get((name, year))) is not None:
                return row
        undated = self._rows.get((name, None))
        return undated if undated in self._undated else self._rows.get((fold(text), None))
