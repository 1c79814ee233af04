"""How well a film matches the words of a request, by BM25 and by meaning."""

import numpy as np

from services.recommender.stages.retrieval import leg_signal
from services.recommender.stages.signals.inputs import Inputs
from services.recommender.stages.signals.signal import Floats


def query_matches(inputs: Inputs) -> dict[str, Floats]:
    """The weighted terms by name, float32[films] each; none without a query."""
    plan, films = inputs.plan, len(inputs.bundle.catalogue)
    legs = (("meaning", plan.query_content, inputs.hits.knn), ("text", plan.query_text, inputs.hits.text))
    return {name: np.float32(weight) * leg_signal(leg, films) for name, weight, leg in legs if weight}
