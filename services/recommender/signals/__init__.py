"""The terms of the raw score, one module each. A new signal is a module, a line in ``SIGNALS`` and its weight."""

from services.recommender.signals.aversion import Aversion
from services.recommender.signals.collaborative import Collaborative
from services.recommender.signals.concept import Concept
from services.recommender.signals.content import Content
from services.recommender.signals.dislikes import Dislikes
from services.recommender.signals.dissonance import Dissonance
from services.recommender.signals.esteem import Esteem
from services.recommender.signals.inputs import Inputs
from services.recommender.signals.mixture import Mixture
from services.recommender.signals.novelty import Novelty
from services.recommender.signals.popularity import Popularity
from services.recommender.signals.sequels import Sequels
from services.recommender.signals.signal import Floats, LeftOut, Signal
from services.recommender.signals.tone import Tone
from services.recommender.signals.traits import TraitMatch

SIGNALS = (
    Popularity.of, Collaborative.of, TraitMatch.of, Concept.of, Content.of, Novelty.of, Sequels.of,
    Dislikes.of, Aversion.of, Dissonance.of, Tone.of, Esteem.of,
)  # fmt: skip


def mixture_of(inputs: Inputs, factor: Floats | None = None) -> Mixture:
    """The signals of a request; one whose weight is 0 is left out and costs nothing. ``factor``: see ``Mixture``."""
    made = [make(inputs) for make in SIGNALS]
    signals = tuple(signal for signal in made if signal is not None)
    if inputs.matches is None:
        return Mixture(inputs.bundle.collaborative, signals, factor=factor)
    share = inputs.matches.share if factor is None else inputs.matches.share * factor
    return Mixture(inputs.bundle.collaborative, signals, inputs.matches.terms, share)


__all__ = ["Concept", "Inputs", "LeftOut", "Mixture", "Signal", "TraitMatch", "mixture_of"]
