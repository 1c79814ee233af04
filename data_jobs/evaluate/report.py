"""Write an evaluation as JSON, CSV and tables; nothing is computed here."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.evaluation import Evaluation, Setting
from data_jobs.evaluate.outcome import Bar, Table
from data_jobs.evaluate.picture import picture
from data_jobs.evaluate.quality_bars import bars
from data_jobs.evaluate.registry import PARTS

DIGITS = 6


def document(evaluation: Evaluation) -> dict[str, Any]:
    """Return everything as one JSON object; parts that did not run are null."""
    whole = asdict(evaluation)
    of_parts = whole.pop("parts")
    whole |= {part.key: of_parts.get(part.name) for part in PARTS}
    whole["bars"] = [asdict(bar) for bar in bars(evaluation)]
    rounded: dict[str, Any] = json.loads(json.dumps(whole), parse_float=lambda text: round(float(text), DIGITS))
    return rounded


def table_of_figures(evaluation: Evaluation) -> str:
    """Return all figures as CSV: part, model, metric, value, standard error, n (the last two may be empty)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("part", "model", "metric", "value", "standard_error", "n"))
    for part, model, metric, value in figures(evaluation):
        error, n = (round(value.se, DIGITS), value.n) if isinstance(value, Estimate) else ("", "")
        writer.writerow((part, model, metric, round(_mean(value), DIGITS), error, n))
    return out.getvalue()


def write(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write ``<holdout>.json``, ``.csv`` and ``.svg`` and return their paths. Raises OSError."""
    texts = {
        "json": json.dumps(document(evaluation), ensure_ascii=False, indent=1) + "\n",
        "csv": table_of_figures(evaluation),
        "svg": picture(evaluation),
    }
    return write_texts(folder, file_name(evaluation.setting), texts)


def write_texts(folder: Path, name: str, texts: Mapping[str, str]) -> list[Path]:
    """Write ``texts``, by ending, to files ``name.ending`` and return their paths. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for ending, text in texts.items():
        path = folder / f"{name}.{ending}"
        path.write_text(text, encoding="utf-8", newline="")
        paths.append(path)
    return paths


def file_name(setting: Setting) -> str:
    """Return "random-seed-0", or the stem of the holdout file."""
    return Path(setting.holdout).stem if setting.fixed else f"{setting.kind}-seed-{setting.seed}"


def tables(evaluation: Evaluation) -> list[Table]:
    """Return the tables to print, the bars last."""
    of_parts = [table for outcome in evaluation.parts.values() for table in outcome.tables()]
    return [_models(evaluation), _differences(evaluation), *of_parts, _bars(bars(evaluation))]


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
        (row.model, baseline, f"{difference.recall}", f"{difference.ndcg}")
        for row in evaluation.models
        for baseline, difference in row.against.items()
    ]
    return Table("Paired differences", ("model", "minus", "Recall@10", "NDCG@10"), rows)


def _bars(targets: list[Bar]) -> Table:
    rows = [(bar.name, bar.wanted, bar.found, "yes" if bar.met else "NO") for bar in targets]
    met = sum(bar.met for bar in targets)
    return Table("Bars", ("bar", "target", "result", "met"), rows, (f"{met} of {len(targets)} met",))


def figures(evaluation: Evaluation) -> Iterator[tuple[str, str, str, Estimate | float]]:
    """Yield every figure: part, model, metric, value."""
    for row in evaluation.models:
        for metric in ("recall", "ndcg", "coverage", "popularity_rank", "diversity"):
            yield "models", row.model, metric, getattr(row, metric)
        for baseline, difference in row.against.items():
            yield "models", row.model, f"recall less {baseline}", difference.recall
            yield "models", row.model, f"ndcg less {baseline}", difference.ndcg
    for part, outcome in evaluation.parts.items():
        for model, metric, value in outcome.figures():
            yield part, model, metric, value


def _mean(value: Estimate | float) -> float:
    return value.mean if isinstance(value, Estimate) else value
