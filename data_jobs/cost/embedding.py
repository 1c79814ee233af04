"""What it costs to embed texts by a model of Bedrock, told before it begins."""

from collections.abc import Sequence
from dataclasses import dataclass

from data_jobs.cost.prices import PriceError, load_prices

# "On average 4.7 characters a token" in English (Amazon Bedrock user guide, Titan Text Embeddings); other languages
# have fewer, so that 4 is on the safe side for most catalogues.
CHARACTERS_A_TOKEN = 4
# One by one, and by a batch job.
_PRICES = {
    "titan": ("titan_embedding", "titan_embedding_batch"),
    "nova": ("nova_embedding", "nova_embedding_batch"),
}
# Where the price list does not have the region: Bedrock asks the same or a little more there.
_OTHERWISE = "us-east-1"


@dataclass(frozen=True, slots=True)
class Estimate:
    """``texts`` with ``tokens`` in all; ``usd``: US dollars; ``batch``: whether it is a job's price."""

    texts: int
    tokens: int
    usd: float
    batch: bool

    def told(self) -> str:
        """The estimate as a sentence."""
        how = "by a batch job" if self.batch else "one by one"
        size = f"{self.texts:,} texts of about {self.tokens:,} tokens"
        return f"{size} are to be embedded {how}: about {self.usd:.2f} US dollars"


def estimate(texts: Sequence[str], name: str, region: str | None, *, batch: bool, longest: int) -> Estimate:
    """The price of embedding texts by ``titan`` or ``nova``, each cut at ``longest`` characters."""
    tokens = sum(-(-min(len(text), longest) // CHARACTERS_A_TOKEN) for text in texts)
    try:
        prices = load_prices(region or _OTHERWISE)
    except PriceError:
        prices = load_prices(_OTHERWISE)
    return Estimate(len(texts), tokens, tokens / 1e6 * prices[_PRICES[name][batch]].usd, batch)
