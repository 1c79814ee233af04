"""Query encoding by Bedrock: one attempt within the request's deadline, none while the circuit breaker is open."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.adapters.breaker import Breaker
from services.adapters.embed.bedrock.bedrock_client import BedrockClient
from services.adapters.embed.bedrock.bedrock_failures import BedrockFailure
from services.adapters.embed.bedrock.embedding_models import Use
from services.recommender.ports import Clock, Deadline

# No network call is faster.
LEAST_S = 0.01


class BedrockQueries:
    """Encoder of queries, with the model of the films' vectors. ``timeout_s``: maximum time for one text, less if the
    request has less left. Thread-safe.
    """

    def __init__(self, client: BedrockClient, clock: Clock, timeout_s: float) -> None:
        self.encoder_id = client.model.encoder_id
        self.dims = client.model.dims
        self._client = client
        self._timeout_s = timeout_s
        self._breaker = Breaker(clock)

    def encode(self, texts: Sequence[str], deadline: Deadline | None = None) -> NDArray[np.float32]:
        """Return float32[len(texts), dims], unit length. Raises EncoderUnavailable: late, throttled, refused,
        unreadable.
        """
        vectors = [self._encode_one(text, deadline) for text in texts]
        return np.array(vectors, np.float32).reshape(len(texts), self.dims)

    def _encode_one(self, text: str, deadline: Deadline | None) -> NDArray[np.float32]:
        left = self._timeout_s if deadline is None else min(self._timeout_s, deadline.remaining())
        if left < LEAST_S:
            raise BedrockFailure(f"{self.encoder_id}: no time left to call it")
        attempt = self._breaker.attempt()
        if attempt is None:
            raise BedrockFailure(f"{self.encoder_id}: not called for a while after repeated failures")
        try:
            vector = self._client.vector(text, Use.QUERY, left)
        except BedrockFailure:
            attempt.failed()
            raise
        attempt.succeeded()
        return vector
