"""Bars, tables, JSON, CSV and the picture of one evaluation made by hand."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from data_jobs.evaluate.estimate import Estimate
from data_jobs.evaluate.evaluation import DEFAULT, DIVERSE, PIPELINE, Evaluation, Setting
from data_jobs.evaluate.parts.cold_items import ColdItems, ColdRecall
from data_jobs.evaluate.parts.newcomers import Newcomer, Newcomers
from data_jobs.evaluate.parts.queries import QueriesOutcome
from data_jobs.evaluate.parts.reasons import ALL, Reasons, TasteSizeReasons
from data_jobs.evaluate.parts.similar import SimilarOutcome
from data_jobs.evaluate.picture import panels, picture
from data_jobs.evaluate.protocol import PairedDifference, Row
from data_jobs.evaluate.quality_bars import bars
from data_jobs.evaluate.report import document, file_name, table_of_figures, tables, write
from data_jobs.evaluate.split import PER_PERSON, SplitKind

SETTING = Setting(
    sources=("ratings.csv",),
    films=9_742,
    people=610,
    events=100_836,
    holdout="holdout_random.csv",
    kind=SplitKind.RANDOM,
    held_out_people=579,
    held_out_likes=9_671,
    fixed=True,
    small=True,
    seed=0,
    encoder=None,
    model_version="ease-1",
    params={"ridge": 80.0},
    weights={},
    ease_ridge=200.0,
)


def about(mean: float, se: float = 0.005, n: int = 579) -> Estimate:
    return Estimate(mean, se, n)


def row(model: str, recall: float, ndcg: float, diversity: float, ahead: float = 0.1) -> Row:
    against = {
        name: PairedDifference(about(ahead), about(ahead)) for name in ("popularity", "plain EASE") if name != model
    }
    return Row(model, about(recall), about(ndcg), 0.04, about(50), about(diversity), against)


def evaluation(**parts) -> Evaluation:
    rows = [
        row("popularity", 0.105, 0.170, 0.8, -0.1),
        row(PIPELINE, 0.225, 0.334, 0.70),
        row(DEFAULT, 0.224, 0.331, 0.72),
        row(DIVERSE, 0.15, 0.2, 0.80),
    ]
    return Evaluation(parts.pop("setting", SETTING), rows, parts)


def complete() -> Evaluation:
    result = ColdRecall(about(0.02), about(0.1), about(0.3))
    parts = {
        "newcomers": Newcomers(
            tuple(
                Newcomer(
                    likes,
                    500,
                    {"pipeline": about(0.1), "popularity": about(0.1)},
                    {"pipeline": about(0.2), "popularity": about(0.2)},
                    about(ahead),
                    about(0.1),
                )
                for likes, ahead in ((1, -0.004), (3, 0.02))
            )
        ),
        "cold-items": ColdItems(487, 425, 1_969, {"pipeline": result, "content": result}, result, about(0.06)),
        "queries": QueriesOutcome(about(0.96), about(0.9), about(0.91), about(0.3), ("exact: Ran",)),
        "similar": SimilarOutcome(about(0.9), about(0.05), about(0.02), about(0.03), ("Rocky",)),
        "reasons": Reasons(
            (TasteSizeReasons(ALL, 500, *(about(share) for share in (0.1, 0.98, 1.0, 0.9, 1.0, 0.99, 1.0))),),
            ("a film: popular",),
            ("a film: place 3",),
        ),
    }
    return evaluation(**parts)


def met(result: Evaluation) -> dict[str, bool]:
    return {bar.name: bar.met for bar in bars(result)}


class TestBars:
    def test_the_fixed_holdouts_have_absolute_bars(self):
        result = met(evaluation())
        assert result["Recall@10"]
        assert result["NDCG@10"]
        assert result["coverage@10"]

    @pytest.mark.parametrize("kind", list(PER_PERSON))
    def test_a_figure_below_its_bar_fails(self, kind):
        low = evaluation(setting=replace(SETTING, kind=kind))
        low.models[1] = row(PIPELINE, 0.1, 0.1, 0.7)
        assert not met(low)["Recall@10"]
        assert not met(low)["NDCG@10"]

    @pytest.mark.parametrize("changed", [{"small": False}, {"fixed": False}])
    def test_other_data_has_bars_against_the_baselines(self, changed):
        result = met(evaluation(setting=replace(SETTING, **changed)))
        assert "Recall@10" not in result
        assert result["NDCG@10 against popularity"]
        assert result["NDCG@10 against plain EASE"]

    def test_diversity_must_gain_enough_and_cost_little(self):
        result = met(evaluation())
        assert result["NDCG@10 lost by default diversity"]
        assert result["intra-list diversity, default diversity"]
        assert result["intra-list diversity, diversity 1"]
        costly = evaluation()
        costly.models[2] = row(DEFAULT, 0.2, 0.300, 0.701)
        assert not met(costly)["NDCG@10 lost by default diversity"]
        assert not met(costly)["intra-list diversity, default diversity"]

    def test_a_newcomer_with_one_like_may_be_a_little_below(self):
        result = met(complete())
        assert result["newcomer with 1 like, NDCG@10 against popularity"]
        assert result["newcomer with 3 likes, NDCG@10 against popularity"]

    def test_only_parts_that_ran_have_bars(self):
        assert len(bars(complete())) > len(bars(evaluation())) == 6

    def test_one_false_reason_is_too_many(self):
        result = met(complete())
        assert result["cited film: the score falls without it"]
        assert not result["cited film: among the two largest falls"]


class TestTables:
    def test_every_row_is_as_wide_as_its_headings(self):
        for part in tables(complete()):
            assert all(len(each) == max(1, len(part.headings)) for each in part.rows), part.title

    def test_bars_come_last_and_are_counted(self):
        last = tables(complete())[-1]
        assert last.title == "Bars"
        assert last.notes == (f"{sum(each.met for each in bars(complete()))} of {len(bars(complete()))} met",)

    def test_a_long_list_of_failures_is_cut(self):
        many = complete()
        many.parts["queries"] = replace(many.parts["queries"], missed=tuple(map(str, range(30))))
        [part] = [part for part in tables(many) if part.title.startswith("Known-item")]
        assert len(part.rows) == 10
        assert part.notes == ("and 20 more, in the JSON file",)


class TestFiles:
    def test_json_reads_back(self):
        result = json.loads(json.dumps(document(complete()), allow_nan=False))
        assert result["models"][1]["recall"] == {"mean": 0.225, "se": 0.005, "n": 579}
        assert result["setting"]["kind"] == "random"
        assert result["newcomers"]["entries"][1]["likes"] == 3
        assert result["cold_items"]["films"] == 487
        assert {"name", "wanted", "found", "met"} == set(result["bars"][0])

    def test_a_part_that_did_not_run_is_null(self):
        assert document(evaluation())["queries"] is None

    def test_csv_has_one_figure_per_line(self):
        lines = list(csv.DictReader(io.StringIO(table_of_figures(complete()))))
        [ndcg] = [line for line in lines if (line["model"], line["metric"]) == (PIPELINE, "ndcg")]
        assert ndcg == {
            "part": "models", "model": PIPELINE, "metric": "ndcg", "value": "0.334",
            "standard_error": "0.005", "n": "579",
        }  # fmt: skip
        assert {line["part"] for line in lines} == {
            "models", "newcomers", "cold-items", "queries", "similar", "reasons"
        }  # fmt: skip

    def test_three_files_named_after_the_holdout(self, tmp_path):
        paths = write(complete(), tmp_path / "eval")
        assert [path.name for path in paths] == [f"holdout_random.{ending}" for ending in ("json", "csv", "svg")]
        assert all(path.stat().st_size for path in paths)

    def test_a_drawn_holdout_is_named_by_its_seed(self):
        assert file_name(replace(SETTING, fixed=False, kind=SplitKind.TIME, seed=7)) == "time-seed-7"


class TestPicture:
    def test_is_well_formed_and_has_a_bar_for_every_figure(self):
        result = ET.fromstring(picture(complete()))
        space = "{http://www.w3.org/2000/svg}"
        bars_wanted = sum(len(part.bars) for part in panels(complete()))
        assert len(result.findall(f"{space}rect")) == bars_wanted + 1
        assert len(result.findall(f"{space}path")) == bars_wanted

    def test_the_longest_bar_fits(self):
        width = float(ET.fromstring(picture(complete())).get("width"))
        space = "{http://www.w3.org/2000/svg}"
        rects = ET.fromstring(picture(complete())).findall(f"{space}rect")[1:]
        assert all(float(each.get("x")) + float(each.get("width")) <= width - 100 for each in rects)

    def test_names_are_escaped(self):
        odd = evaluation(setting=replace(SETTING, holdout="<a & b>.csv"))
        assert "&lt;a &amp; b&gt;.csv" in picture(odd)
        ET.fromstring(picture(odd))

    def test_figures_of_0_are_drawn(self):
        nothing = evaluation()
        nothing.models = [row(each.model, 0.0, 0.0, 0.0) for each in nothing.models]
        assert not np.isnan(len(picture(nothing)))
        ET.fromstring(picture(nothing))
