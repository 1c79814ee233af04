"""Estimate the cost of embedding texts with a Bedrock model before it starts."""

from collections.abc import Sequence
from dataclasses import dataclass

from data_jobs.cost.prices import PriceError, load_prices

# "On average 4.7 characters a token" in English (Amazon Bedrock user guide, Titan Text Embeddings); other languages
# have fewer, so 4 is conservative for most catalogues.
CHARACTERS_A_TOKEN = 4
# On demand, and as a batch job.
_PRICES = {
    "titan": ("titan_embedding", "titan_embedding_batch"),
    "nova": ("nova_embedding", "nova_embedding_batch"),
}
# Used if the price list lacks the region: Bedrock charges the same or slightly more there.
_FALLBACK_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class EmbeddingCost:
    """``texts`` with ``tokens`` in all; ``usd``: US dollars; ``batch``: whether it is a batch job's price."""

    texts: int
    tokens: int
    usd: float
    batch: bool

    def sentence(self) -> str:
        """Return the estimate as a sentence."""
        method = "by a batch job" if self.batch else "one by one"
        size = f"{self.texts:,} texts of about {self.tokens:,} tokens"
        return f"{size} are to be embedded {method}: about {self.usd:.2f} US dollars"


def estimate(texts: Sequence[str], name: str, region: str | None, *, batch: bool, longest: int) -> EmbeddingCost:
    """Return the price of embedding texts with ``titan`` or ``nova``, each cut at ``longest`` characters."""
    tokens = sum(-(-min(len(text), longest) // CHARACTERS_A_TOKEN) for text in texts)
    try:
        prices = load_prices(region or _FALLBACK_REGION)
    except PriceError:
        prices = load_prices(_FALLBACK_REGION)
    return EmbeddingCost(len(texts), tokens, tokens / 1e6 * prices[_PRICES[name][batch]].usd, batch)
