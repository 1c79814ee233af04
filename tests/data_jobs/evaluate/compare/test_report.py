"""Tables, JSON and the page of a comparison."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from data_jobs.evaluate.bootstrap import Interval
from data_jobs.evaluate.compare.comparison import SHARES, Figure
from data_jobs.evaluate.compare.page import page
from data_jobs.evaluate.compare.report import document, tables, write
from data_jobs.evaluate.compare.words import change_in_words, difference
from services.cli.main import main

VOID = {"meta", "br"}


class WellFormed(HTMLParser):
    """Asserts that each tag is closed; records addresses, and the number of charts and of named charts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.charts = 0
        self.named = 0

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.addresses += [given[name] for name in ("src", "href", "action") if name in given]
        self.charts += tag == "svg"
        self.named += tag == "svg" and bool(given.get("aria-label"))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(html: str) -> WellFormed:
    parsed = WellFormed()
    parsed.feed(html)
    assert parsed.open == []
    return parsed


def test_every_row_is_as_wide_as_its_headings(compared):
    for part in tables(compared):
        assert all(len(row) == len(part.headings) for row in part.rows), part.title


def test_json_reads_back_with_the_verdict(compared):
    parsed = json.loads(json.dumps(document(compared), allow_nan=False))
    assert parsed["verdict"] == compared.verdict
    assert parsed["figures"][1]["b_less_a"]["n"] == compared.people


def test_two_files_named_after_both_sides_and_the_holdout(compared, tmp_path):
    paths = write(replace(compared, a="x/../y z.json"), tmp_path / "eval")
    assert [path.name for path in paths] == [
        f"compare_x-..-y-z.json_whole_random-seed-1.{ending}" for ending in ("json", "html")
    ]


def test_the_page_needs_no_other_file(compared):
    html = page(compared)
    parsed = read(html)
    assert parsed.addresses == []
    assert not re.search(r"https?://|url\(|@import|<script", html)
    assert "default-src 'none'" in html.replace("&#x27;", "'")
    assert parsed.charts == parsed.named >= 7
    assert "prefers-color-scheme: dark" in html


def test_the_page_has_the_content_of_the_tables(compared):
    html = page(compared)
    for words in (compared.verdict, compared.risen[0].title, compared.best[0].newest[0], "Largest gains"):
        assert words in html


def test_titles_are_escaped(compared):
    films = tuple(replace(film, title="<script>alert(1)</script>") for film in compared.risen)
    html = page(replace(compared, a="<a & b>", risen=films))
    read(html)
    assert "<script" not in html
    assert "&lt;a &amp; b&gt;" in html


def test_a_page_without_any_difference_is_drawn(compared):
    none = Interval(0.0, 0.0, 0.0, 70)
    figures = tuple(replace(each, a=0.0, b=0.0, b_less_a=none) for each in compared.figures)
    still = replace(compared, figures=figures, gains=(0.0,) * 70, risen=(), fallen=(), best=(), worst=())
    assert "within chance" in page(still)
    read(page(still))


@pytest.mark.parametrize(
    ("unit", "a", "low", "words", "shown"),
    [
        ("", 0.3, 0.01, "better", "+0.0200 (+0.0100 to +0.0300)"),
        ("", 0.3, -0.9, "within chance", "+0.0200 (-0.9000 to +0.0300)"),
        (SHARES, 0.3, 0.01, "better", "+2.0 (+1.0 to +3.0) points"),
    ],
)
def test_differences_have_their_interval(unit, a, low, words, shown):
    less = Interval(0.02, low, 0.03, 9)
    figure = Figure("x", unit, a, a + 0.02, less, "better", "worse")
    assert difference(figure) == shown
    assert change_in_words(figure) == words


def test_a_clear_loss_has_its_own_word():
    assert (
        change_in_words(Figure("x", "", 0.3, 0.2, Interval(-0.1, -0.2, -0.05, 9), "less known", "better known"))
        == "better known"
    )
    large = Figure("x", "", 40.0, 35.0, Interval(-5.0, -9.0, -1.0, 9), "less known", "better known")
    assert difference(large) == "-5.0 (-9.0 to -1.0)"


class TestCommandLine:
    def run(self, capsys, tmp_path, monkeypatch, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("MARQUEE_HOME", str(tmp_path))
        monkeypatch.chdir(tmp_path)
        code = main(["evaluate", "--encoder", "none", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    def test_prints_tables_and_writes_the_page(self, capsys, tmp_path, monkeypatch):
        (tmp_path / "bare.toml").write_text("[weights]\ntraits = 0\nconcept = 0\n[train]\nridge = 80")
        code, out, _ = self.run(capsys, tmp_path, monkeypatch, "--compare", "bare.toml", "default")
        assert code == 0
        assert "bare against default, random, seed 0" in out
        assert "Largest losses" in out
        page = tmp_path / "artifacts/eval/compare_bare_default_random-seed-0.html"
        assert page.read_text().startswith("<!doctype html>")
        assert str(page.relative_to(tmp_path)) in out

    def test_has_no_parts(self, capsys, tmp_path, monkeypatch):
        code, _, err = self.run(capsys, tmp_path, monkeypatch, "--compare", "default", "svd", "--queries")
        assert code == 2
        assert "has no parts" in err

    def test_an_unknown_name_fails_before_training(self, capsys, tmp_path, monkeypatch):
        code, _, err = self.run(capsys, tmp_path, monkeypatch, "--compare", "default", "mine.toml")
        assert code == 1
        assert "--compare mine.toml: expected a preset" in err
