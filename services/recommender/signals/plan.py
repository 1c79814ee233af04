"""Weights of the signals for a request. A signal of weight 0 is not computed."""

from dataclasses import dataclass, replace

from services.recommender.domain.request import Strategy
from services.recommender.domain.weights import Weights
from services.recommender.taste.fold_in import Taste

SMALLEST_SHARE = 0.01
# Films without ratings must keep up with what the latent factors add to the others; chosen on cold films.
NOVELTY_GAIN = 1.5
# Minimum number of films to share a concept.
HELD_BY = 2
LEAST_COHERENCE = 0.2
# For similar films, fame among people here only breaks ties; of equally similar films the more esteemed come first.
PRIOR = 1e-3


@dataclass(frozen=True, slots=True)
class Plan:
    """Weights of the terms of the raw score; each signal is about 1 for a good film. ``lift``: exponent that damps
    well-known films in the collaborative signal; ``fame``: extra weight of the concept for well-known films.
    ``coherence`` 0 ... 1: how much the taste's films have in common. ``query_content``, ``query_text``: for the meaning
    and the words of a query.
    """

    strategy: Strategy
    main: float = 0.0
    short: float = 0.0
    latent: float = 0.0
    popularity: float = 0.0
    traits: float = 0.0
    concept: float = 0.0
    content: float = 0.0
    novelty: float = 0.0
    sequels: float = 0.0
    dislike: float = 0.0
    aversion: float = 0.0
    dissonance: float = 0.0
    tone: float = 0.0
    esteem: float = 0.0
    lift: float = 0.0
    fame: float = 0.0
    query_content: float = 0.0
    query_text: float = 0.0
    coherence: float = 0.0
    baseline: bool = False

    @property
    def ask_vectors(self) -> bool:
        """Whether to search for the films nearest to the taste's texts; the tables know an ordinary taste better."""
        return self.content > 0


def make_plan(
    constants: Weights,
    taste: Taste,
    query: str | None,
    stored: bool,
    clear: float = 0.0,
    certainty: float = 1.0,
    maturity: float = 1.0,
) -> Plan:
    """Return the plan for a taste of n likes and an optional query; ``stored``: the person has stored events.
    ``clear``: the taste's coherence. ``certainty`` and ``maturity``, 0 ... 1: how much people's events say about its
    films, and about the catalogue (see ``Facts``).

    Short profiles are ranked by the table trained for them and a prior that fades with every like: plain EASE is worse
    than popularity below five likes. For a coherent taste the shared concept and texts weigh more, and fame less.
    """
    strategy = _strategy(taste, query, stored)
    if constants.formula == "playbook" and query is None and not taste.is_empty:
        return Plan(strategy, baseline=True)
    share = constants.query_taste if query else 1.0
    coherence = coherence_of(constants, taste, clear, certainty, maturity)
    # With a query, fame is weighted by the match.
    popularity = 0.0 if query else _prior(constants, taste.likes) * (1 - coherence)
    meaning, words = (constants.query_content, constants.query_text) if query else (0.0, 0.0)
    if taste.is_empty:
        plan = Plan(strategy, popularity=popularity, query_content=meaning, query_text=words)
        return against_dislikes(plan, constants, taste)
    main, short = _shares(constants, taste.likes)
    bare = 1 - maturity
    events = share * constants.collaborative * (maturity * certainty + bare * constants.bare_tables)
    single = constants.single_traits * coherence**2 if taste.likes < HELD_BY else 0.0
    traits = constants.traits * (1 + single)
    latent = events * main * (1 - coherence) * constants.latent
    latent = latent if latent >= SMALLEST_SHARE else 0.0
    content = constants.seeds_content if strategy is Strategy.SEEDS else constants.coherent_content
    plan = Plan(
        strategy,
        main=events * main,
        short=events * short,
        latent=latent,
        popularity=popularity,
        traits=share * (maturity * traits + bare * constants.bare_traits),
        concept=share * constants.concept * coherence,
        content=share * (maturity * content * coherence + bare * constants.bare_content),
        novelty=maturity * constants.novelty * (share + NOVELTY_GAIN * latent),
        sequels=share * constants.sequels,
        dissonance=share * constants.dissonance * coherence,
        tone=share * constants.tone * coherence,
        lift=constants.coherent_lift * coherence**2,
        fame=constants.coherent_fame * coherence,
        coherence=coherence,
        query_content=meaning,
        query_text=words,
    )
    return against_dislikes(plan, constants, taste)


def against_dislikes(plan: Plan, constants: Weights, taste: Taste) -> Plan:
    """Return the plan with the terms against dislikes, if there are any."""
    if not len(taste.disliked):
        return plan
    return replace(plan, dislike=constants.dislike, aversion=constants.aversion)


def likeness_plan(constants: Weights, maturity: float, strategy: Strategy) -> Plan:
    """Return the plan for films similar to a film: one film is a short profile. Without any ratings the tables are not
    used.
    """
    return Plan(
        strategy,
        short=constants.similar_collaborative * maturity,
        popularity=PRIOR,
        traits=constants.similar_traits,
        content=constants.similar_content,
        lift=constants.similar_lift,
        dissonance=constants.similar_dissonance,
        tone=constants.similar_tone,
        esteem=constants.similar_esteem,
        coherence=1.0,
        query_content=constants.query_content,
        query_text=constants.query_text,
    )


def _strategy(taste: Taste, query: str | None, stored: bool) -> Strategy:
    if query:
        return Strategy.QUERY
    if taste.is_empty:
        return Strategy.POPULAR
    return Strategy.PERSONAL if stored else Strategy.SEEDS


def _prior(constants: Weights, likes: int) -> float:
    """Return the weight of the prior: nearly constant for the first likes, so that another like moves films by its
    content and not by their popularity; then it fades, except for the standing part.
    """
    fading = constants.popularity / (1 + (likes / constants.popularity_half) ** constants.popularity_power)
    return float(fading + constants.standing_popularity)


def coherence_of(constants: Weights, taste: Taste, clear: float, certainty: float, maturity: float) -> float:
    """Return how coherent a taste counts as in the ranking, 0 ... 1, see ``make_plan``; it grows with ``clear``."""
    # A taste of films with hardly any ratings is treated as coherent: only their traits say what the person likes.
    fading = 1 / (1 + (taste.likes / constants.coherence_half) ** 2)
    coherence = 1 - (1 - fading * clear) * (certainty * maturity if taste.likes else 1.0)
    # Most tastes have some coherence by chance: below this, using texts and shared traits changes hardly any film and
    # costs as much as everything else.
    return max(0.0, coherence - LEAST_COHERENCE) / (1 - LEAST_COHERENCE)


def _shares(constants: Weights, likes: int) -> tuple[float, float]:
    """Return the main and the short table's shares, summing to 1. Below 1 % a table is skipped."""
    main = likes**constants.blend_power / (likes**constants.blend_power + constants.blend_half**constants.blend_power)
    if main < SMALLEST_SHARE:
        return 0.0, 1.0
    if main > 1 - SMALLEST_SHARE:
        return 1.0, 0.0
    return main, 1 - main
