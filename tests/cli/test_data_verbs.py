"""validate and build as verbs."""

import json
from pathlib import Path

import pytest

from data_jobs.sample.load import load_sample
from tests.cli.conftest import Marquee
from tests.e2e.kit import bundles


def write_films(path: Path, *rows: dict[str, object]) -> Path:
    films = [{"item_id": f"f{n}", "title": f"Film {n}", "genres": ["Drama"]} for n in range(30)]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*films, *rows]))
    return path


def test_validate_the_sample(marquee: Marquee) -> None:
    done = marquee("validate", "--json")
    assert done.code == 0
    assert done.json["ok"] is True


def test_validate_names_file_line_field_value_and_what_was_expected(marquee: Marquee, tmp_path: Path) -> None:
    films = write_films(tmp_path / "films.jsonl")
    events = tmp_path / "events.csv"
    rows = "user_id,item_id,event,value,ts\n1,f1,like,,2024-01-01\n1,f2,rating,9,2024-01-01\n1,nope,like,,2024-01-01\n"
    events.write_text(rows)
    done = marquee("validate", "--catalogue", str(films), "--events", str(events))
    assert done.code == 1
    assert "events.csv:3: error rating-out-of-range value = '9', expected 0.5" in done.out
    assert "unknown-film" in done.out
    assert "rows" in done.out
    document = marquee("validate", "--catalogue", str(films), "--events", str(events), "--json").json
    assert {summary["code"] for summary in document["summary"]} >= {"rating-out-of-range", "unknown-film"}


def test_validate_unusable_data(marquee: Marquee, tmp_path: Path) -> None:
    (tmp_path / "ml").mkdir()
    (tmp_path / "ml" / "movies.csv").write_text("")
    done = marquee("validate", "--movielens", str(tmp_path / "ml"))
    assert done.code == 1
    assert "movies.csv" in done.err
    assert "Traceback" not in done.err


def test_build_prints_a_summary(marquee: Marquee, empty_home: Path) -> None:
    done = marquee("build", "--encoder", "none")
    assert done.code == 0
    assert "simulated" in done.err
    (version,) = bundles(empty_home)
    names = [line.split()[0] for line in done.out.splitlines() if line]
    assert names[:5] == ["bundle", "films", "people", "events", "size"]
    assert f"{version} (active)" in done.out


def test_build_json_and_no_activate(marquee: Marquee, empty_home: Path, tmp_path: Path) -> None:
    films = write_films(tmp_path / "films.jsonl")
    done = marquee("build", "--encoder", "none", "--catalogue", str(films), "--no-activate", "--json")
    assert done.code == 0
    assert done.json["films"] == 30
    assert done.json["activated"] is False
    assert bundles(empty_home) == [done.json["version"]]
    assert not (empty_home / "current.json").exists()


def test_build_refuses_bad_data_unless_forced(marquee: Marquee, empty_home: Path, tmp_path: Path) -> None:
    films = write_films(tmp_path / "films.jsonl", *({"item_id": f"x{n}"} for n in range(5)))
    refused = marquee("build", "--encoder", "none", "--catalogue", str(films))
    assert refused.code == 1
    assert "marquee validate" in refused.err
    assert bundles(empty_home) == []
    assert marquee("build", "--encoder", "none", "--catalogue", str(films), "--force").code == 0


def test_build_without_an_encoder_says_how_to_get_one(
    marquee: Marquee, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDER_DIR", str(tmp_path))
    done = marquee("build")
    assert done.code == 3
    assert "EMBEDDER_DIR" in done.err
    assert "--encoder none" in done.err


def test_feedback_closes_the_loop(marquee: Marquee, home: Path) -> None:
    before = marquee("build", "--encoder", "none", "--json").json
    marquee("feedback", "ann", "1", "like")
    with_ann = marquee("build", "--encoder", "none", "--events-from-state", "--json").json
    assert with_ann["people"] == before["people"] + 1
    assert "feedback" in with_ann["sources"]
    marquee("users", "erase", "ann", "--yes")
    without = marquee("build", "--encoder", "none", "--events-from-state", "--json").json
    assert without["people"] == before["people"]


@pytest.mark.parametrize("seeded", [True, False])
def test_a_person_of_the_data_who_is_erased_is_in_no_later_bundle(marquee: Marquee, home: Path, seeded: bool) -> None:
    if seeded:
        marquee("users", "seed", "--limit", "2")
    before = marquee("build", "--encoder", "none", "--events-from-state", "--json").json
    dataset, _ = load_sample()
    assert marquee("users", "erase", dataset.events.user_ids[0], "--yes").code == (0 if seeded else 1)
    (home / "demo.json").unlink(missing_ok=True)  # a store is enough to know it by
    marquee("feedback", "somebody-else", "1", "click")
    after = marquee("build", "--encoder", "none", "--events-from-state", "--json").json
    assert after["people"] == before["people"]  # one less, and somebody else
    assert after["version"] != before["version"]
    assert any("1 people who were erased are left out" in note for note in after["notes"])
