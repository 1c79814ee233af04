"""Random tastes, series and weights, and the inputs of a request's signals as the pipeline makes them."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.weights import Weights
from services.recommender.facts import Facts
from services.recommender.signals import Inputs
from services.recommender.signals.plan import Plan, make_plan
from services.recommender.taste.fold_in import Taste
from tests.builders import make_bundle, person

FILMS = 120
SERIES = 5
"""Rows that are equal modulo this may share a series, so that a series has films of every taste."""


def with_series(bundle: Bundle) -> Bundle:
    """Return the same films in two series: row 5 n + s, for s = 0 and 1, is part n + 1 of series s."""
    rows = np.arange(len(bundle.catalogue))
    number = rows % SERIES
    series = np.where(number < 2, number, -1).astype(np.int32)
    parts = np.where(number < 2, rows // SERIES + 1, 0).astype(np.int16)
    return replace(bundle, catalogue=replace(bundle.catalogue, series=series, parts=parts))


def scarce(bundle: Bundle, keep: int = 12) -> Bundle:
    """Return the same films with tables that keep few entries per row and count few events."""
    tables = bundle.collaborative
    order = np.argsort(-np.abs(tables.main.values.astype(np.float32)), axis=1)[:, :keep]

    def cut(values: NDArray[Any]) -> NDArray[Any]:
        return np.take_along_axis(values, order, axis=1)

    main = replace(tables.main, columns=cut(tables.main.columns), values=cut(tables.main.values))
    short = replace(tables.short, columns=cut(tables.short.columns), values=cut(tables.short.values))
    events = (tables.events % 4).astype(np.int32)
    return replace(
        bundle, collaborative=replace(tables, main=main, short=short, shared=cut(tables.shared), events=events)
    )


BUNDLES = {
    "with vectors": with_series(make_bundle()),
    "without vectors": with_series(make_bundle(vectors=False)),
    "with few events": scarce(with_series(make_bundle())),
}
# Drawn by name, because a failure would print the whole bundle.
bundles = st.sampled_from(sorted(BUNDLES))


def amounts(maximum: float) -> st.SearchStrategy[float]:
    """Weights up to a maximum, often 0."""
    return st.one_of(st.just(0.0), st.floats(0.05, maximum))


weights = st.builds(
    Weights,
    recency_floor=st.floats(0.1, 1),
    recency_span=st.floats(0.5, 20),
    collaborative=amounts(2),
    popularity=amounts(2),
    standing_popularity=amounts(0.5),
    traits=amounts(2),
    coherence_from=st.floats(0, 0.5),
    coherence_span=st.floats(0.05, 0.5),
    coherence_single=st.floats(0, 1),
    coherence_half=st.floats(2, 30),
    single_traits=amounts(4),
    coherent_fame=amounts(2),
    concept=amounts(4),
    coherent_content=amounts(2),
    coherent_lift=amounts(1),
    certain_events=amounts(5),
    sequels=amounts(1),
    mature_events=amounts(40),
    bare_traits=amounts(4),
    bare_content=amounts(2),
    novelty=amounts(2),
)
likes = st.lists(st.integers(0, FILMS - 1), min_size=1, max_size=15, unique=True)
tastes = likes.map(lambda rows: person(*[f"f{row}" for row in rows]))


def make_inputs(
    taste: Taste, bundle: Bundle, constants: Weights | None = None, plan: Plan | None = None, clear: float = 0.5
) -> Inputs:
    """Return the inputs of a taste's signals, under its own plan or the given one."""
    constants = constants or Weights()
    facts = Facts.of(bundle, constants)
    if plan is None:
        plan = make_plan(constants, taste, None, True, clear, facts.certainty(taste))
    return Inputs(facts, constants, plan, taste)
