"""Tunable weights of the ranking; they are stored in the bundle and can be overridden from a file."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

FORMULAS = ("blend", "playbook")


@dataclass(frozen=True, slots=True)
class Weights:
    """``formula``: "blend", or "playbook" for the usual recipe with fixed weights (presets/baseline.py). The defaults
    were chosen on validation splits of the training data.
    """

    formula: str = "blend"
    # Taste: recency_floor + (1 - recency_floor) exp(-rank from the end / recency_span).
    recency_floor: float = 0.4
    recency_span: float = 5.0
    # The short table's share at n likes is 1 / (1 + (n / blend_half) ** blend_power).
    collaborative: float = 1.0
    blend_half: float = 8.0
    blend_power: float = 3.0
    # The prior at n likes is popularity / (1 + (n / popularity_half) ** popularity_power).
    popularity: float = 1.1
    popularity_half: float = 3.0
    popularity_power: float = 2.5
    # Share of the prior that never fades.
    standing_popularity: float = 0.0
    # Latent factors, in addition to the tables; fades in with the main table's share.
    latent: float = 0.35
    traits: float = 1.0
    # Coherence of a taste: its films resemble each other by a (taste/fold_in.py); c = (a - from) / span in 0 ... 1.
    # Popularity is scaled by 1 - c; the shared concept weighs concept c, text coherent_content c (seeds_content c for
    # films given with a request); well-known films of the tables are scaled by (1 + events / 20) ** -(coherent_lift
    # c^2).
    coherence_from: float = 0.11
    coherence_span: float = 0.12
    coherence_single: float = 0.0
    # Films given with a request by a person without a profile mean "like these": their coherence starts lower and is
    # never below the floor; a single film has its own value.
    seeds_from: float = 0.06
    seeds_span: float = 0.08
    seeds_floor: float = 0.9
    seeds_single: float = 1.0
    # Long lists of likes need less help: coherence is halved at this many.
    coherence_half: float = 16.0
    # Shared concept of a coherent taste: traits and pairs of traits (signals/concept.py); and its extra weight
    # for well-known films.
    concept: float = 2.5
    coherent_fame: float = 0.7
    # A single film shares no concept with others: its traits are scaled by 1 + single_traits c^2.
    single_traits: float = 3.5
    coherent_content: float = 1.0
    seeds_content: float = 3.0
    coherent_lift: float = 0.3
    # Number of events at which the tables know a film by half.
    certain_events: float = 3.0
    # Weight of the next part of a series for a person who likes the previous part.
    sequels: float = 0.3
    # Other events on the film of a random event at which people's events and worldwide votes share the ranking equally;
    # weights of traits and text without any events.
    mature_events: float = 5.6
    bare_traits: float = 4.0
    bare_content: float = 8.0
    bare_tables: float = 0.8
    # Similar films: weights, exponent of the lift, and the softsign of the score.
    similar_collaborative: float = 1.0
    similar_content: float = 2.0
    similar_traits: float = 5.0
    similar_tone: float = 1.0
    similar_esteem: float = 0.4
    similar_lift: float = 0.5
    similar_dissonance: float = 6.0
    similar_midpoint: float = 1.2
    similar_scale: float = 0.6
    # Score of an unrated film per unit of cosine with the taste; chosen on cold films.
    novelty: float = 0.4
    dislike: float = 1.0
    # What disliked films have in common (signals/dislikes.py), and a mood that a coherent taste lacks
    # (signals/tone.py).
    aversion: float = 2.5
    dissonance: float = 3.0
    # A coherent taste's mix of genres and time of release (signals/tone.py).
    tone: float = 1.2
    query_text: float = 1.0
    query_content: float = 1.0
    query_taste: float = 1.0
    # Maximal marginal relevance: scales the mean likeness of films (about .3 among good ones) to that of relevance (1
    # for the best).
    mmr_likeness: float = 1.6
    # Softsign: midpoint is the raw score shown as .5; one or two scales above it, .75 and .83 are shown.
    score_midpoint: float = 1.0
    score_scale: float = 1.0

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Return the weights in a JSON object. Raises ValueError naming a key that is unknown or has the wrong type."""
        types = {field.name: field.type for field in fields(cls)}
        for name, value in document.items():
            if name not in types:
                raise ValueError(f"unknown weight {name!r}; expected one of {', '.join(types)}")
            expected = str if name == "formula" else (int, float)
            if isinstance(value, bool) or not isinstance(value, expected):
                raise ValueError(f"weight {name!r} must be a {'string' if name == 'formula' else 'number'}")
        if document.get("formula", FORMULAS[0]) not in FORMULAS:
            raise ValueError(f"weight 'formula' must be one of {', '.join(FORMULAS)}")
        values: dict[str, Any] = {k: v if k == "formula" else float(v) for k, v in document.items()}
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that ``from_json`` can read."""
        return asdict(self)
