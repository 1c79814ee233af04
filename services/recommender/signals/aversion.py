"""What films that were disliked have in common: three horror films say "no horror", not only "no films like these".

The model is that of ``concept.py`` turned round, over single traits: whoever avoids a kind of film avoids all of it, so
pairs would be too narrow. A like speaks against every hypothesis that holds it: somebody who likes science fiction and
dislikes Alien and The Thing means horror.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import TraitKind
from services.recommender.facts import Facts
from services.recommender.signals.hypotheses import Hypotheses, by_kind
from services.recommender.signals.inputs import Inputs
from services.recommender.signals.plan import HELD_BY
from services.recommender.signals.signal import Deduction, Floats, LeftOut, Rows

# How likely each kind of trait is what is disliked; a decade hardly ever is.
PRIORS = by_kind(
    {
        TraitKind.GENRE: 0.3,
        TraitKind.LANGUAGE: 0.15,
        TraitKind.DIRECTOR: 0.15,
        TraitKind.KEYWORD: 0.25,
        TraitKind.CAST: 0.1,
        TraitKind.SERIES: 0.05,
    }
)
# The likelihood of a like that the hypothesis holds.
LIKED = 0.1


@dataclass(frozen=True, eq=False)
class Aversion(Deduction):
    """``disliked``: what the disliked films may have in common. ``likes`` float32[taste films, hypotheses]: 1 where a
    liked film of the taste is held.
    """

    weight: float
    facts: Facts
    disliked: Hypotheses
    likes: Floats
    name: str = "aversion"

    @classmethod
    def of(cls, inputs: Inputs) -> "Aversion | None":
        """None where it has no weight, or the disliked films have nothing in common. Low ratings are not asked: people
        rate low for many reasons.
        """
        taste, facts = inputs.taste, inputs.facts
        films = taste.disliked[taste.dislike_weights >= 1]
        if not inputs.plan.aversion or len(films) < HELD_BY:
            return None
        everything = np.ones(len(films), bool)
        shared = Hypotheses.of(facts, facts.trait_rows.films(films), everything, PRIORS, paired=False)
        if not len(shared.traits):
            return None
        likes = shared.holds(inputs.known.films) * (taste.base >= 1)[:, None]
        return cls(inputs.plan.aversion, facts, shared, likes)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`: minus the weight for a film that is surely of what is disliked."""
        return np.asarray(self._scores(rows, self._meant(self.likes.sum(axis=0))[None, :])[0], np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        """See :class:`Signal`."""
        held = self.likes.sum(axis=0) - self.likes[left_out.suspects]
        return self._scores(rows, np.stack([self._meant(likes) for likes in held]))

    def _meant(self, likes: Floats) -> Floats:
        """What is disliked, float32[hypotheses], where so many likes are held by each (float32[hypotheses])."""
        counter = np.asarray(likes * np.log(LIKED), np.float64)
        return np.asarray(self.disliked.posterior(self._everything, counter).mean(axis=0), np.float32)

    def _scores(self, rows: Rows, meant: Floats) -> Floats:
        """For some readings of what is disliked, float32[readings, hypotheses]: float32[readings, rows]."""
        holds = self.disliked.holds(self.facts.trait_rows.films(rows))
        return self.deducted(meant @ holds.T)

    @cached_property
    def _everything(self) -> NDArray[np.bool_]:
        return np.ones(len(self.disliked.films.lengths), bool)
