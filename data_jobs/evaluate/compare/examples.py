"""Examples of a comparison: a person's newest likes, hidden likes, and both lists, by title."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.compare.comparison import Example, ListedFilm
from data_jobs.evaluate.held_out_people import HeldOutPerson
from data_jobs.evaluate.protocol import TOP
from data_jobs.evaluate.ranking_models import Rows
from data_jobs.evaluate.workbench import Workbench
from services.recommender.domain.history import History, taste_weights

NEWEST, HIDDEN = 6, 12


@dataclass(frozen=True, slots=True, eq=False)
class ComparedPeople:
    """All people with the first fifty of both sides, as rows of A. ``gain`` float64[people]: NDCG@10 of B less A."""

    ground: Workbench
    cases: Sequence[HeldOutPerson]
    a: Sequence[Rows]
    b: Sequence[Rows]
    gain: NDArray[np.float64]


def title_of(ground: Workbench, row: int) -> str:
    """Return "Heat (1995)"."""
    title, year = str(ground.bundle.catalogue.titles[row]), int(ground.bundle.catalogue.years[row])
    return f"{title} ({year})" if year else title


def known_likes(history: History) -> NDArray[np.bool_]:
    """Return which events of a history are likes, bool[n]."""
    return np.asarray(taste_weights(history.kinds, history.half_stars) >= 1)


def example(field: ComparedPeople, at: int) -> Example:
    """Return the example of one person; of many hidden likes, those that either side found come first."""
    case, ground = field.cases[at], field.ground
    history = case.profile.history
    liked = history.hashes[known_likes(history)]
    newest = ground.bundle.catalogue.rows_of_hashes(liked[::-1][:NEWEST])
    a, b = field.a[at], field.b[at]
    hidden = case.relevant[case.relevant >= 0]
    is_hit = np.isin(hidden, np.concatenate([a[:TOP], b[:TOP]]))
    shown = hidden[np.argsort(~is_hit, kind="stable")][:HIDDEN]
    return Example(
        user_id=case.profile.user_id or "",
        likes=len(liked),
        newest=tuple(title_of(ground, row) for row in newest[newest >= 0].tolist()),
        hidden=tuple(title_of(ground, row) for row in shown.tolist()),
        more_hidden=len(case.relevant) - len(shown),
        gain=float(field.gain[at]),
        a=_listed(ground, a, b, hidden),
        b=_listed(ground, b, a, hidden),
    )


def _listed(ground: Workbench, own: Rows, other_side: Rows, hidden: Rows) -> tuple[ListedFilm, ...]:
    place = {row: at for at, row in enumerate(other_side.tolist(), 1)}
    hidden_rows = set(hidden.tolist())
    return tuple(ListedFilm(title_of(ground, row), row in hidden_rows, place.get(row)) for row in own[:TOP].tolist())
