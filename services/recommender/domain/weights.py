"""Every constant of the ranking, in one place; it travels in the bundle and can be overridden from a file."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

FORMULAS = ("blend", "playbook")


@dataclass(frozen=True, slots=True)
class Weights:
    """``formula``: "blend", or "playbook" for the usual recipe with its own fixed weights (stages/playbook.py).
    The defaults were chosen on validation splits inside the training part.
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
    # What of the prior never fades.
    standing_popularity: float = 0.0
    traits: float = 1.0
    # A taste's films are alike by a (stages/coherence.py); coherence c = (a - from) / span, within 0 ... 1.
    # Popularity counts 1 - c, what the films mean together concept c, text coherent_content c (seeds_content c for
    # films given with a request), and well-known films of the tables (1 + events / 20) ** -(coherent_lift c^2).
    coherence_from: float = 0.11
    coherence_span: float = 0.12
    coherence_single: float = 0.0
    # Films given with a request, by somebody of whom nothing is stored, mean "like these": their coherence starts lower
    # and is never below the floor, nor below that of a single one.
    seeds_from: float = 0.06
    seeds_span: float = 0.08
    seeds_floor: float = 0.8
    seeds_single: float = 1.0
    # A long list of likes speaks for itself: coherence counts by half at so many.
    coherence_half: float = 16.0
    # What the films of a coherent taste mean together: traits and pairs of traits (stages/signals/concept.py); and how
    # much more that counts for a well-known film.
    concept: float = 2.5
    coherent_fame: float = 0.7
    # One film means nothing together with others: its traits count 1 + single_traits c^2.
    single_traits: float = 3.5
    coherent_content: float = 1.0
    seeds_content: float = 3.0
    coherent_lift: float = 0.3
    # A film of the taste with so many events is known by half to the tables.
    certain_events: float = 3.0
    # The next part of a series for somebody who likes the part before it.
    sequels: float = 0.3
    # Events a film at which people's events and the world's votes carry the ranking by half each; weights of traits and
    # text where there are no events.
    mature_events: float = 1.0
    bare_traits: float = 4.0
    bare_content: float = 16.0
    bare_tables: float = 0.8
    # Films like a film: weights, the exponent of the lift, and the logistic.
    similar_collaborative: float = 1.0
    similar_content: float = 2.0
    similar_traits: float = 4.0
    similar_lift: float = 0.5
    similar_midpoint: float = 1.2
    similar_scale: float = 0.6
    # What a film nobody has rated gets for each unit of cosine with the taste; chosen on cold films.
    novelty: float = 0.4
    dislike: float = 1.0
    # What disliked films have in common (stages/signals/aversion.py), and a mood that a coherent taste has not
    # (stages/signals/dissonance.py).
    aversion: float = 2.5
    dissonance: float = 3.0
    query_text: float = 1.0
    query_content: float = 1.0
    query_taste: float = 1.0
    # A logistic: midpoint is the raw score shown as .5, scale how fast it rises.
    score_midpoint: float = 1.0
    score_scale: float = 0.8

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Weights of a JSON object. Raises ValueError naming a key that is unknown or of another type."""
        known = {field.name: field.type for field in fields(cls)}
        for name, value in document.items():
            if name not in known:
                raise ValueError(f"unknown weight {name!r}; known are {', '.join(known)}")
            wanted = str if name == "formula" else (int, float)
            if isinstance(value, bool) or not isinstance(value, wanted):
                raise ValueError(f"weight {name!r} must be a {'string' if name == 'formula' else 'number'}")
        if document.get("formula", FORMULAS[0]) not in FORMULAS:
            raise ValueError(f"weight 'formula' must be one of {', '.join(FORMULAS)}")
        values: dict[str, Any] = {k: v if k == "formula" else float(v) for k, v in document.items()}
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that ``from_json`` reads back."""
        return asdict(self)
