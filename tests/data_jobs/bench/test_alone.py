from data_jobs.bench.alone import encoder_times, pipeline_times
from data_jobs.bench.bench_people import make_people
from data_jobs.bench.mix import LENGTHS, people_needed
from tests.builders import make_bundle, make_release
from tests.fakes import HashingEncoder


def measure(passes=2):
    release = make_release(make_bundle(200))
    people = make_people(release.bundle.catalogue, people_needed(10))
    return pipeline_times(release, people, passes)


def test_the_pipeline_is_timed_by_number_of_events():
    figures = measure()
    lengths = {"0", *map(str, LENGTHS)}
    assert set(figures["people"]) == set(figures["stages"]) == lengths
    for times in figures["people"].values():
        assert times["n"] == 2 * 10
        assert 0 < times["p50"] <= times["p95"]


def test_the_mix_counts_lengths_by_their_weights():
    assert measure(passes=1)["mix"]["n"] == 50 * 40


def test_the_stages_are_those_of_the_trace():
    for stages in measure(passes=1)["stages"].values():
        # Vector search is timed only where a profile has a taste to search by.
        assert set(stages) - {"knn"} == {"taste", "retrieval", "rank", "diversify", "reasons"}


def test_the_encoder_is_loaded_before_it_is_timed():
    encoder = HashingEncoder()
    figures = encoder_times(encoder, ["a", "b", "c"], passes=2)
    assert figures["n"] == 6
    assert encoder.seen[1:] == ["a", "b", "c"] * 2
    assert len(encoder.seen) == 7
