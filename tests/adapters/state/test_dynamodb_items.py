"""Partition keys of cached answers: no two people share one, whatever their ids are."""

from hypothesis import given
from hypothesis import strategies as st

from services.adapters.state.dynamodb.items import answers_partition


@given(st.text(max_size=20), st.text(max_size=20))
def test_people_never_share_a_partition(left: str, right: str) -> None:
    if left.encode("utf-8", "replace") != right.encode("utf-8", "replace"):
        assert answers_partition(left) != answers_partition(right)
    assert answers_partition(left).count("#") == 1
    assert answers_partition(left).isascii()


def test_visitors_without_an_id_share_one() -> None:
    assert answers_partition(None) == "rec#"


def test_the_partition_of_a_long_id_fits_into_a_key() -> None:
    long = "🎬" * 256
    assert len(answers_partition(long)) <= 1_024
    assert answers_partition(long).startswith("rec#~")
    assert answers_partition(long) != answers_partition(long[:-1])
