"""Milliseconds by stage, and spans if they are recorded."""

from contextvars import copy_context

import pytest

from services.recommender.ports.time import Span, Stopwatch, record_spans, span
from tests.builders import ManualClock


def test_times_of_blocks_with_one_name_add_up() -> None:
    clock = ManualClock(0)
    watch = Stopwatch(clock)
    for _ in range(2):
        with watch.stage("rank"):
            clock.advance(0.25)
    assert watch.stages == {"rank": 500.0}


def test_spans_are_recorded_when_blocks_end_inner_ones_first() -> None:
    def recorded() -> list[Span]:
        spans = record_spans()
        with Stopwatch(ManualClock(0)).stage("retrieval"), span("search"):
            pass
        return spans

    inner, outer = copy_context().run(recorded)
    assert (inner.name, outer.name) == ("search", "retrieval")
    assert outer.begin <= inner.begin <= inner.end <= outer.end


def test_a_block_that_fails_is_recorded_too() -> None:
    def recorded() -> list[Span]:
        spans = record_spans()
        with pytest.raises(ValueError, match="x"), span("search"):
            raise ValueError("x")
        return spans

    assert [recorded_span.name for recorded_span in copy_context().run(recorded)] == ["search"]


def test_two_requests_do_not_share_their_spans() -> None:
    def recorded() -> list[Span]:
        spans = record_spans()
        with span("search"):
            pass
        return spans

    assert len(copy_context().run(recorded)) == len(copy_context().run(recorded)) == 1
