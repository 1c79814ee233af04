"""An evaluation as JSON, as CSV and as tables: no figure is computed here."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data_jobs.evaluate.bars import Bar, bars
from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.evaluation import Evaluation, Setting
from data_jobs.evaluate.picture import picture

DIGITS = 6


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table for people; ``notes`` follow it."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    notes: tuple[str, ...] = ()


def document(evaluation: Evaluation) -> dict[str, Any]:
    """Everything as one JSON object; parts that did not run are null."""
    whole = {**asdict(evaluation), "bars": [asdict(bar) for bar in bars(evaluation)]}
    rounded: dict[str, Any] = json.loads(json.dumps(whole), parse_float=lambda text: round(float(text), DIGITS))
    return rounded


def table_of_figures(evaluation: Evaluation) -> str:
    """All figures as CSV: part, model, metric, value, standard error, n (empty where there is none)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("part", "model", "metric", "value", "standard_error", "n"))
    for part, model, metric, value in _figures(evaluation):
        error, n = (round(value.se, DIGITS), value.n) if isinstance(value, Estimate) else ("", "")
        writer.writerow((part, model, metric, round(_mean(value), DIGITS), error, n))
    return out.getvalue()


def write(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write ``<holdout>.json``, ``.csv`` and ``.svg``; returns them. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    name = file_name(evaluation.setting)
    texts = {
        "json": json.dumps(document(evaluation), ensure_ascii=False, indent=1) + "\n",
        "csv": table_of_figures(evaluation),
        "svg": picture(evaluation),
    }
    paths = []
    for ending, text in texts.items():
        path = folder / f"{name}.{ending}"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def file_name(setting: Setting) -> str:
    """ "random-seed-0", or the stem of the holdout file."""
    return Path(setting.holdout).stem if setting.fixed else f"{setting.kind}-seed-{setting.seed}"


def tables(evaluation: Evaluation) -> list[Table]:
    """The tables that are printed, the bars last."""
    parts = [_models(evaluation), _differences(evaluation)]
    if evaluation.newcomers is not None:
        parts.append(_newcomers(evaluation))
    parts += _details(evaluation)
    return [*parts, _bars(bars(evaluation))]


def _models(evaluation: Evaluation) -> Table:
    setting = evaluation.setting
    rows = [
        (
            row.model,
            f"{row.recall}",
            f"{row.ndcg}",
            f"{row.coverage:.2%}",
            f"{row.popularity_rank.mean:.0f}",
            f"{row.diversity}",
        )
        for row in evaluation.models
    ]
    title = f"{setting.holdout}: {setting.held_out_likes:,} held-out likes of {setting.held_out_people:,} people"
    headings = ("model", "Recall@10", "NDCG@10", "coverage@10", "popularity rank", "intra-list diversity")
    note = f"lambda {setting.params['ridge']:g} (plain EASE {setting.ease_ridge:g}), chosen inside the training part"
    return Table(title, headings, rows, (note,))


def _differences(evaluation: Evaluation) -> Table:
    rows = [
        (row.model, other, f"{against.recall}", f"{against.ndcg}")
        for row in evaluation.models
        for other, against in row.against.items()
    ]
    return Table("Paired differences", ("model", "less", "Recall@10", "NDCG@10"), rows)


def _newcomers(evaluation: Evaluation) -> Table:
    entries = evaluation.newcomers or []
    models = list(entries[0].ndcg) if entries else []
    rows = [
        (str(each.likes), str(each.people), *(f"{each.ndcg[model]}" for model in models), f"{each.ahead}")
        for each in entries
    ]
    headings = ("likes", "people", *models, "pipeline less popularity")
    return Table("Newcomers, NDCG@10, five folds", headings, rows)


def _details(evaluation: Evaluation) -> Iterator[Table]:
    if (cold := evaluation.cold_items) is not None:
        rows = [(name, *(str(each) for each in _views(found))) for name, found in cold.models.items()]
        if cold.ahead is not None:
            rows.append(("pipeline less content", *(str(each) for each in _views(cold.ahead))))
        title = f"Cold films: {cold.films} films, {cold.likes:,} likes of {cold.people} people"
        yield Table(title, ("model", "Recall@10", "Recall@100", "Recall@10 among cold films"), rows)
    if evaluation.queries is not None:
        yield _missed("Known-item queries that failed", evaluation.queries.missed)
    if evaluation.similar is not None:
        yield _missed("Films whose series /similar missed", evaluation.similar.missed)
    if evaluation.reasons is not None:
        yield _missed("Reasons that did not hold", evaluation.reasons.wrong)


def _missed(title: str, found: tuple[str, ...], most: int = 10) -> Table:
    rest = (f"and {len(found) - most} more, in the JSON file",) if len(found) > most else ()
    return Table(f"{title}: {len(found)}", (), [(each,) for each in found[:most]], rest)


def _bars(found: list[Bar]) -> Table:
    rows = [(bar.name, bar.wanted, bar.found, "yes" if bar.met else "NO") for bar in found]
    met = sum(bar.met for bar in found)
    return Table("Bars", ("what", "wanted", "found", "met"), rows, (f"{met} of {len(found)} met",))


def _figures(evaluation: Evaluation) -> Iterator[tuple[str, str, str, Estimate | float]]:
    for row in evaluation.models:
        for metric in ("recall", "ndcg", "coverage", "popularity_rank", "diversity"):
            yield "models", row.model, metric, getattr(row, metric)
        for other, against in row.against.items():
            yield "models", row.model, f"recall less {other}", against.recall
            yield "models", row.model, f"ndcg less {other}", against.ndcg
    for entry in evaluation.newcomers or ():
        for model, ndcg in entry.ndcg.items():
            yield "newcomers", model, f"recall, {entry.likes} likes", entry.recall[model]
            yield "newcomers", model, f"ndcg, {entry.likes} likes", ndcg
        yield "newcomers", "pipeline", f"ndcg less popularity, {entry.likes} likes", entry.ahead
        yield "newcomers", "pipeline", f"ndcg less plain EASE, {entry.likes} likes", entry.ahead_of_ease
    yield from _other_figures(evaluation)


def _other_figures(evaluation: Evaluation) -> Iterator[tuple[str, str, str, Estimate | float]]:
    if (cold := evaluation.cold_items) is not None:
        for model, found in cold.models.items():
            for metric in ("recall", "recall_deep", "recall_among"):
                yield "cold-items", model, metric, getattr(found, metric)
        yield "cold-items", "pipeline", "pages", cold.pages
    wanted = {
        "queries": ("exact", "typo", "director"),
        "similar": ("series", "colikes", "jaccard", "ahead"),
        "reasons": ("films_fall", "films_largest", "traits_fall"),
    }
    for part, metrics in wanted.items():
        found = getattr(evaluation, part)
        for metric in metrics if found is not None else ():
            yield part, "pipeline", metric, getattr(found, metric)


def _views(found: Any) -> tuple[Estimate, Estimate, Estimate]:  # noqa: ANN401
    return found.recall, found.recall_deep, found.recall_among


def _mean(value: Estimate | float) -> float:
    return value.mean if isinstance(value, Estimate) else value
