"""What was understood of a query: conditions on films, films to be like, and the words that are left."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from services.recommender.domain.request import ConditionKind, ReadCondition, ReadQuery
from services.recommender.ports import Mention
from services.recommender.query.demands import Demand


class Sure(IntEnum):
    """How sure it is that a condition was meant; where too few films meet all, the least sure one gives way first."""

    GUESSED = 0
    LIKELY = 1
    SURE = 2
    SAID = 3


@dataclass(frozen=True, slots=True)
class Condition:
    """``id`` names it to callers, who may switch it off; ``text`` is shown. ``words``: what of the query says it, as it
    was typed. ``demand``: the films that meet it. ``hard``: the others are no answer; else films that meet it come
    first. ``negative``: it says what is not wanted. ``keywords``: films that have one of them meet it best. ``traits``:
    the people or the series it names.
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
        """The condition, shown but without effect."""
        return replace(self, applied=False)


@dataclass(frozen=True, slots=True)
class Understood:
    """``text``: what is left to search for, as it is shown and as an encoder is asked for it; ``words``: the same as
    folded words in English. ``titled``: the words may be a title, in whole or in part. ``named``: the
    rows of the films that go by the whole query, best known first. ``like``: rows of films to be resembled.
    ``esteemed``: the best films are asked for, not the best known ones. ``language``: of the query, ISO 639-1.
    ``mentions``: where words stand, as far as that was looked up.
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
        """As callers see it."""
        conditions = [
            ReadCondition(each.id, each.kind, each.text, each.words, each.applied) for each in self.conditions
        ]
        return ReadQuery(self.text, tuple(conditions))

    @property
    def applied(self) -> tuple[Condition, ...]:
        """The conditions that are in force."""
        return tuple(condition for condition in self.conditions if condition.applied)
