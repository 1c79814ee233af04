"""The embedding models of Bedrock: what is sent to each, and how its answer is read.

Sources: Amazon Bedrock user guide, "Amazon Titan Text Embeddings V2"; Amazon Nova user guide, "Complete embeddings
request and response schema".
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.adapters.embed.bedrock.failures import BedrockFailure
from services.recommender.errors import EncoderUnavailable

# Titan takes 50,000 characters or 8,192 tokens, and refuses more; a text of a film has a few hundred. At two characters
# a token, which is few, this is half of what is allowed.
LONGEST_TEXT = 8_192
_SCHEMA = "nova-multimodal-embed-v1"


class Use(StrEnum):
    """What a vector is for; Nova places films and queries by it, in one space. Titan makes no difference."""

    FILM = "GENERIC_INDEX"
    QUERY = "TEXT_RETRIEVAL"


@dataclass(frozen=True, slots=True)
class Family:
    """A model: its id, the lengths of vectors it makes, and its own form of questions and answers."""

    model_id: str
    all_dims: tuple[int, ...]
    default_dims: int
    body: Callable[[str, int, Use], dict[str, Any]]
    vector: Callable[[Mapping[str, Any]], object]


def _titan_body(text: str, dims: int, _: Use) -> dict[str, Any]:
    return {"inputText": text, "dimensions": dims, "normalize": True, "embeddingTypes": ["float"]}


def _titan_vector(answer: Mapping[str, Any]) -> object:
    by_type = answer.get("embeddingsByType")
    return by_type["float"] if isinstance(by_type, dict) and "float" in by_type else answer["embedding"]


def _nova_body(text: str, dims: int, use: Use) -> dict[str, Any]:
    wanted = {"truncationMode": "END", "value": text}
    params = {"embeddingPurpose": use.value, "embeddingDimension": dims, "text": wanted}
    return {"schemaVersion": _SCHEMA, "taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": params}


def _nova_vector(answer: Mapping[str, Any]) -> object:
    (only,) = answer["embeddings"]
    return only["embedding"]


TITAN = Family("amazon.titan-embed-text-v2:0", (256, 512, 1_024), 1_024, _titan_body, _titan_vector)
NOVA = Family("amazon.nova-2-multimodal-embeddings-v1:0", (256, 384, 1_024, 3_072), 1_024, _nova_body, _nova_vector)
FAMILIES: Mapping[str, Family] = {"titan": TITAN, "nova": NOVA}


@dataclass(frozen=True, slots=True)
class Model:
    """A family with the length of vectors that was chosen."""

    family: Family
    dims: int

    @property
    def encoder_id(self) -> str:
        """What a bundle says its vectors were made with: the model's id and their length."""
        return f"{self.family.model_id}:{self.dims}"

    def request(self, text: str, use: Use) -> bytes:
        """The body of a call for one text, cut where the model would refuse it."""
        # A lone surrogate is no character, and JSON would carry it on.
        clean = text.encode("utf-8", "replace").decode("utf-8")[:LONGEST_TEXT]
        return json.dumps(self.family.body(clean, self.dims, use), ensure_ascii=False).encode()

    def read(self, body: bytes) -> NDArray[np.float32]:
        """The unit vector of an answer, float32[dims]. Raises BedrockFailure for anything else: a page of HTML, another
        length, what is no number.
        """
        try:
            answer = json.loads(body)
            return self._unit(self.family.vector(answer))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BedrockFailure(
                f"{self.family.model_id}: its answer has no vector ({type(error).__name__})"
            ) from error

    def unit_of(self, answer: Mapping[str, Any]) -> NDArray[np.float32]:
        """The same of an answer that is read already. Raises BedrockFailure."""
        return self.read(json.dumps(answer).encode())

    def _unit(self, found: object) -> NDArray[np.float32]:
        if not isinstance(found, list) or len(found) != self.dims:
            length = len(found) if isinstance(found, list) else "no"
            raise BedrockFailure(f"{self.family.model_id}: sent {length} numbers, expected {self.dims}")
        if not all(type(each) is float or type(each) is int for each in found):
            raise BedrockFailure(f"{self.family.model_id}: sent a vector with something that is no number in it")
        try:
            values = np.array(found, np.float64)
        except OverflowError as error:
            raise BedrockFailure(f"{self.family.model_id}: sent a number too large for a vector") from error
        # Scaled first: the square of what is a float may be none.
        largest = np.abs(values).max()
        if not np.isfinite(values).all() or largest == 0.0:
            raise BedrockFailure(f"{self.family.model_id}: sent a vector without a direction (all 0, or not finite)")
        values /= largest
        return (values / np.linalg.norm(values)).astype(np.float32)


def model_of(name: str, dims: int | None) -> Model:
    """The model ``titan`` or ``nova`` with vectors of this length, None for its default. Raises EncoderUnavailable."""
    family = FAMILIES[name]
    chosen = dims or family.default_dims
    if chosen not in family.all_dims:
        allowed = ", ".join(map(str, family.all_dims))
        raise EncoderUnavailable(f"ENCODER_DIMS = {chosen}: vectors of {family.model_id} have {allowed} numbers")
    return Model(family, chosen)
