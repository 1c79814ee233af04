"""Which legs a request needs, and with which weights. A leg of weight 0 is not called."""

from dataclasses import dataclass
from typing import NamedTuple

from services.recommender.domain.request import Strategy
from services.recommender.domain.weights import Weights
from services.recommender.stages.taste import Taste

SMALLEST_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Plan:
    """Weights of the terms of the raw score; each signal is about 1 for a good film (mean of its best 50)."""

    strategy: Strategy
    main: float
    short: float
    popularity: float
    content: float
    text: float
    traits: float
    dislike: float
    novelty: float
    playbook: bool = False


def make_plan(constants: Weights, taste: Taste, query: str | None, stored: bool) -> Plan:
    """The plan for a taste of n likes and perhaps a query; ``stored``: the person has events of their own.

    Short profiles are ranked by the table trained for them and a prior that fades with every like: plain EASE
    is worse than popularity below five likes.
    """
    if constants.formula == "playbook" and query is None and not taste.is_empty:
        return Plan(_strategy(taste, query, stored), 0, 0, 0, 0, 0, 0, 0, 0, playbook=True)
    shares = like_shares(constants, taste.likes, query)
    taste_share = constants.query_taste if query else 1.0
    return Plan(
        strategy=_strategy(taste, query, stored),
        main=0.0 if taste.is_empty else shares.main,
        short=0.0 if taste.is_empty else shares.short,
        popularity=shares.popularity,
        content=constants.query_content if query else 0.0 if taste.is_empty else constants.content,
        text=constants.query_text if query else 0.0,
        traits=0.0 if taste.is_empty else taste_share * constants.traits,
        dislike=constants.dislike if len(taste.disliked) else 0.0,
        novelty=0.0 if taste.is_empty else taste_share * constants.novelty,
    )


class LikeShares(NamedTuple):
    """The weights that depend on the number of likes."""

    main: float
    short: float
    popularity: float


def like_shares(constants: Weights, likes: int, query: str | None) -> LikeShares:
    """Shares of the two tables and of the prior for a taste of so many likes."""
    main, short = _shares(constants, likes)
    taste_share = constants.query_taste if query else 1.0
    collaborative = taste_share * constants.collaborative
    return LikeShares(collaborative * main, collaborative * short, taste_share * _prior(constants, likes))


def _strategy(taste: Taste, query: str | None, stored: bool) -> Strategy:
    if query:
        return Strategy.QUERY
    if taste.is_empty:
        return Strategy.POPULAR
    return Strategy.PERSONAL if stored else Strategy.SEEDS


def _prior(constants: Weights, likes: int) -> float:
    """Strong and nearly level for the first likes, so that one like more or less moves films by what it says of
    them and not by how popular they are; then gone.
    """
    return float(constants.popularity / (1 + (likes / constants.popularity_half) ** constants.popularity_power))


def _shares(constants: Weights, likes: int) -> tuple[float, float]:
    """Main and short table's share, together 1. A table below 1 % is left out: it costs half the time."""
    main = likes**constants.blend_power / (likes**constants.blend_power + constants.blend_half**constants.blend_power)
    if main < SMALLEST_SHARE:
        return 0.0, 1.0
    if main > 1 - SMALLEST_SHARE:
        return 1.0, 0.0
    return main, 1 - main
