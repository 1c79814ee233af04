"""Result of query understanding: conditions on films, example films, and the remaining words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from services.recommender.domain.request import ConditionKind, ReadCondition, ReadQuery
from services.recommender.ports import Mention
from services.recommender.query.demands import Demand


class Sure(IntEnum):
    """Certainty that a condition was meant; if too few films meet all of them, the least certain is relaxed first."""

    GUESSED = 0
    LIKELY = 1
    SURE = 2
    SAID = 3


@dataclass(frozen=True, slots=True)
class Condition:
    """``id`` identifies it, so that callers can switch it off; ``text`` is displayed. ``words``: the words of the query
    that express it, as typed. ``demand``: the films that meet it. ``hard``: only films that meet it match; otherwise
    they are only preferred. ``negative``: it excludes films. ``keywords``: films with one of them meet it best.
    ``traits``: the people or series it names.
    """

    id: str
    kind: ConditionKind
    text: str
    words: str
    demand: Demand
    sure: Sure = Sure.SURE
    hard: bool = True
    negative: bool = False
    keywords: tuple[str, ...] = ()
    traits: tuple[int, ...] = ()
    applied: bool = True

    def not_applied(self) -> "Condition":
        """Return the condition without effect, still shown."""
        return replace(self, applied=False)


@dataclass(frozen=True, slots=True)
class Understood:
    """``text``: remaining text to search for, as displayed and as encoded; ``words``: the same as folded English words.
    ``titled``: the words may be a title or part of one. ``named``: rows of the films named by the whole query, best
    known first. ``like``: rows of example films. ``esteemed``: rank by acclaim instead of fame. ``language``: of the
    query, ISO 639-1. ``mentions``: occurrences of words, as far as already looked up.
    """

    query: str
    text: str
    words: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    titled: bool = False
    named: tuple[int, ...] = ()
    like: tuple[int, ...] = ()
    esteemed: bool = False
    language: str = "en"
    mentions: Mapping[str, Mention] = field(default_factory=dict, repr=False, compare=False)

    @property
    def shown(self) -> ReadQuery:
        """The result as callers see it."""
        conditions = [
            ReadCondition(each.id, each.kind, each.text, each.words, each.applied) for each in self.conditions
        ]
        return ReadQuery(self.text, tuple(conditions))

    @property
    def applied(self) -> tuple[Condition, ...]:
        """Conditions in effect."""
        return tuple(condition for condition in self.conditions if condition.applied)
