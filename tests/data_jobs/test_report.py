"""The report and the rule table."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from data_jobs.report import DataError, Report
from data_jobs.rules import MAX_ERROR_SHARE, RULES, Severity
from services.recommender.errors import MarqueeError

DOCS = Path(__file__).parents[2] / "docs" / "data.md"


def test_counts_all_and_keeps_the_first() -> None:
    report = Report(keep=3)
    for line in range(10):
        report.add("unknown-film", "ratings.csv", line=line + 2, field="movieId", value="77")
    assert report.counts["unknown-film"] == 10
    assert [finding.line for finding in report.findings] == [2, 3, 4]


def test_uncited_findings_are_counted() -> None:
    report = Report()
    report.add_uncited("unknown-film", "ratings.csv", 5)
    report.add_uncited("bad-value", "movies.csv", 0)
    assert report.counts == {"unknown-film": 5}
    assert report.errors["ratings.csv"] == 5
    assert not report.findings


def test_ok_means_no_row_was_left_out() -> None:
    report = Report()
    report.add("no-metadata", "movies.csv")
    report.add("bom", "movies.csv")
    assert report.ok
    report.add("malformed-json", "x.jsonl")
    assert not report.ok


def test_a_code_needs_a_rule() -> None:
    with pytest.raises(KeyError):
        Report().add("no-such-code", "x.csv")


def test_long_values_are_cut() -> None:
    finding = Report().add("bad-value", "x.csv", value="y" * 10_000)
    assert len(finding.value or "") < 200


def test_a_finding_reads_as_a_sentence() -> None:
    finding = Report().add("rating-out-of-range", "ratings.csv", line=7, field="rating", value=9, expected="0.5 to 5")
    assert str(finding) == "ratings.csv:7: error rating-out-of-range rating = '9', expected 0.5 to 5"
    assert str(Report().add("bom", "a.csv")) == "a.csv: note bom"


def test_fail_notes_and_raises() -> None:
    report = Report()
    with pytest.raises(DataError, match=r"movies\.csv: fatal empty-file, expected rows") as caught:
        report.fail("empty-file", "movies.csv", "rows")
    assert isinstance(caught.value, MarqueeError)
    assert not report.ok
    assert report.error_share == 1.0


def test_error_share_is_of_the_worst_file() -> None:
    report = Report()
    report.rows.update({"movies.csv": 100, "ratings.csv": 10_000})
    report.add_uncited("unknown-film", "ratings.csv", 100)
    assert report.error_share == pytest.approx(0.01)
    report.refuse_if_bad()  # exactly the limit is allowed
    report.add_uncited("duplicate-film", "movies.csv", 4)
    assert report.error_share == pytest.approx(0.04)
    with pytest.raises(DataError, match=r"movies\.csv: 4 of 100 rows"):
        report.refuse_if_bad()
    report.refuse_if_bad(limit=0.5)


@pytest.mark.parametrize(("wrong", "rows", "refused"), [(2, 42, False), (3, 30, False), (3, 29, True), (4, 40, True)])
def test_a_few_wrong_rows_of_a_short_file_are_tolerated(wrong: int, rows: int, refused: bool) -> None:
    report = Report()
    report.rows["movies_metadata.csv"] = rows
    report.add_uncited("bad-id", "movies_metadata.csv", wrong)
    with pytest.raises(DataError) if refused else nullcontext():
        report.refuse_if_bad()


def test_the_summary_has_the_most_severe_first() -> None:
    report = Report()
    for code in ("bom", "no-metadata", "no-metadata", "unknown-film", "damaged-text"):
        report.add(code, "x")
    assert [row[1] for row in report.summary()] == ["unknown-film", "no-metadata", "damaged-text", "bom"]
    assert report.summary()[1][2] == 2


def test_a_refusal_shows_the_first_error() -> None:
    report = Report()
    report.rows.update({"a.csv": 10, "b.csv": 10})
    report.add("bad-timestamp", "b.csv", line=7, field="ts", value="soon")
    for line in range(2, 7):
        report.add("bad-value", "a.csv", line=line)
        report.add("unknown-film", "a.csv", line=line, field="movieId", value="x")
    with pytest.raises(DataError, match=r"a\.csv: 5 of 10 rows.*\(a\.csv:2: error unknown-film movieId = 'x'\)$"):
        report.refuse_if_bad()


def test_json() -> None:
    report = Report()
    report.rows["ratings.csv"] = 4
    report.add("unknown-film", "ratings.csv", line=3, field="movieId", value="é")
    document = json.loads(report.to_json())
    assert document["ok"] is False
    assert document["error_share"] == 0.25
    assert document["files"] == {"ratings.csv": {"rows": 4, "errors": 1}}
    assert document["summary"][0]["code"] == "unknown-film"
    assert document["summary"][0]["severity"] == "error"
    assert document["findings"][0]["line"] == 3
    assert document["findings"][0]["value"] == "é"


def test_the_documentation_has_every_rule() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for code, rule in RULES.items():
        assert f"| `{code}` | {rule.severity} | {rule.done} |" in text
    assert f"{MAX_ERROR_SHARE:.0%}".replace("%", " %") in text
    rows = [
        line for line in text.splitlines() if line.startswith("| `") and line.split("|")[2].strip() in set(Severity)
    ]
    assert len(rows) == len(RULES)
