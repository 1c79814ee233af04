"""Bedrock embedding models: request and response formats.

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

from services.adapters.embed.bedrock.bedrock_failures import BedrockFailure
from services.recommender.errors import EncoderUnavailable

# Titan accepts at most 50,000 characters or 8,192 tokens; a film's text has a few hundred tokens. At only two
# characters per token, this is half of the limit.
LONGEST_TEXT = 8_192
_SCHEMA = "nova-multimodal-embed-v1"


class Use(StrEnum):
    """Purpose of a vector; Nova encodes films and queries differently, in one space. Titan ignores it."""

    FILM = "GENERIC_INDEX"
    QUERY = "TEXT_RETRIEVAL"


@dataclass(frozen=True, slots=True)
class Family:
    """A model family: its id, supported vector lengths, and request and response formats."""

    model_id: str
    all_dims: tuple[int, ...]
    default_dims: int
    body: Callable[[str, int, Use], dict[str, Any]]
    vector: Callable[[Mapping[str, Any]], object]


def _titan_body(text: str, dims: int, _: Use) -> dict[str, Any]:
    return {"inputText": text, "dimensions": dims, "normalize": True, "embeddingTypes": ["float"]}


def _titan_vector(response: Mapping[str, Any]) -> object:
    by_type = response.get("embeddingsByType")
    return by_type["float"] if isinstance(by_type, dict) and "float" in by_type else response["embedding"]


def _nova_body(text: str, dims: int, use: Use) -> dict[str, Any]:
    document = {"truncationMode": "END", "value": text}
    params = {"embeddingPurpose": use.value, "embeddingDimension": dims, "text": document}
    return {"schemaVersion": _SCHEMA, "taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": params}


def _nova_vector(response: Mapping[str, Any]) -> object:
    (entry,) = response["embeddings"]
    return entry["embedding"]


TITAN = Family("amazon.titan-embed-text-v2:0", (256, 512, 1_024), 1_024, _titan_body, _titan_vector)
NOVA = Family("amazon.nova-2-multimodal-embeddings-v1:0", (256, 384, 1_024, 3_072), 1_024, _nova_body, _nova_vector)
FAMILIES: Mapping[str, Family] = {"titan": TITAN, "nova": NOVA}


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """A family with the chosen vector length."""

    family: Family
    dims: int

    @property
    def encoder_id(self) -> str:
        """Id of the encoder as stored in bundles: the model's id and the vector length."""
        return f"{self.family.model_id}:{self.dims}"

    def request(self, text: str, use: Use) -> bytes:
        """Return the request body for one text, truncated to the model's limit."""
        # Replace lone surrogates, which JSON would pass on.
        clean = text.encode("utf-8", "replace").decode("utf-8")[:LONGEST_TEXT]
        return json.dumps(self.family.body(clean, self.dims, use), ensure_ascii=False).encode()

    def read(self, body: bytes) -> NDArray[np.float32]:
        """Return the unit vector of a response, float32[dims]. Raises BedrockFailure for anything else: HTML, another
        length, non-numbers.
        """
        try:
            response = json.loads(body)
            return self._unit(self.family.vector(response))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BedrockFailure(
                f"{self.family.model_id}: its response has no vector ({type(error).__name__})"
            ) from error

    def unit_of(self, response: Mapping[str, Any]) -> NDArray[np.float32]:
        """Return the unit vector of a parsed response. Raises BedrockFailure."""
        return self.read(json.dumps(response).encode())

    def _unit(self, numbers: object) -> NDArray[np.float32]:
        if not isinstance(numbers, list) or len(numbers) != self.dims:
            length = len(numbers) if isinstance(numbers, list) else "no"
            raise BedrockFailure(f"{self.family.model_id}: returned {length} numbers, expected {self.dims}")
        if not all(type(each) is float or type(each) is int for each in numbers):
            raise BedrockFailure(f"{self.family.model_id}: returned a vector with a non-number")
        try:
            values = np.array(numbers, np.float64)
        except OverflowError as error:
            raise BedrockFailure(f"{self.family.model_id}: returned a number too large for a vector") from error
        # Scaled first, as the square of a float may overflow.
        largest = np.abs(values).max()
        if not np.isfinite(values).all() or largest == 0.0:
            raise BedrockFailure(f"{self.family.model_id}: returned a vector with no direction (all 0, or not finite)")
        values /= largest
        return (values / np.linalg.norm(values)).astype(np.float32)


def model_of(name: str, dims: int | None) -> EmbeddingModel:
    """Return the model ``titan`` or ``nova`` with this vector length, None for the default. Raises
    EncoderUnavailable.
    """
    family = FAMILIES[name]
    length = dims or family.default_dims
    if length not in family.all_dims:
        allowed = ", ".join(map(str, family.all_dims))
        raise EncoderUnavailable(f"ENCODER_DIMS = {length}: vectors of {family.model_id} have {allowed} numbers")
    return EmbeddingModel(family, length)
