from data_jobs.bench.bench_people import make_people
from data_jobs.bench.explain_times import explain_times
from data_jobs.bench.mix import people_needed
from data_jobs.bench.targets import verdicts
from tests.builders import make_bundle, make_release


def test_explanations_are_timed_against_the_same_request_without_them() -> None:
    release = make_release(make_bundle(200))
    people = make_people(release.bundle.catalogue, people_needed(10))
    figures = explain_times(release, people, passes=2)
    assert figures["without"]["n"] == 2 * figures["template"]["n"] == 2 * figures["kept"]["n"]
    assert all(figures[name]["p50"] > 0 for name in ("without", "template", "kept"))
    explain_verdicts = [verdict for verdict in verdicts({"explain": figures}, 200) if "explanations" in verdict["what"]]
    assert [verdict["target"] for verdict in explain_verdicts] == ["<= 1", "<= 2"]
    assert [verdict["measured"] for verdict in explain_verdicts] == [figures["template_ms"], figures["kept_ms"]]
