"""Fake adapters, for tests of any layer."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.recommender.errors import EncoderUnavailable
from services.recommender.ports import Deadline, TextEncoder


@dataclass
class HashingEncoder(TextEncoder):
    """A bag of hashed words in 64 dimensions: deterministic, and texts that share words are close.

    ``seen`` records every text; ``fails_after`` is the number of texts after which it fails.
    """

    encoder_id: str = "hashing:64"
    dims: int = 64
    fails_after: int | None = None
    seen: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def encode(self, texts: Sequence[str], deadline: Deadline | None = None) -> NDArray[np.float32]:
        with self._lock:
            if self.fails_after is not None and len(self.seen) + len(texts) > self.fails_after:
                raise EncoderUnavailable("the encoder gave up")
            self.seen += texts
        return np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), self.dims)

    def _vector(self, text: str) -> NDArray[np.float64]:
        vector = np.full(self.dims, 1e-3)
        for word in text.lower().split():
            digest = hashlib.blake2b(word.strip(".,()").encode("utf-8", "replace"), digest_size=4).digest()
            vector[digest[0] % self.dims] += 1 if digest[1] % 2 else -1
        unit: NDArray[np.float64] = vector / np.linalg.norm(vector)
        return unit
