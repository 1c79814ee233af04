"""InvokeModel call: one text to one unit vector within a time limit, or a BedrockFailure."""

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError, NoRegionError
from numpy.typing import NDArray

from services.adapters import aws
from services.adapters.bounded import within
from services.adapters.embed.bedrock.bedrock_failures import BedrockFailure, refused, silent
from services.adapters.embed.bedrock.embedding_models import EmbeddingModel, Use
from services.adapters.foreign import translated

# The largest real response, 3,072 numbers of about 24 characters, is a tenth of it.
LARGEST_ANSWER = 1 << 20
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class BedrockLocation:
    """Location of Bedrock. ``endpoint``: None for the region's own; plain http is a local server, to which no AWS
    credentials are sent. ``connections``: size of the connection pool, one per thread.
    """

    region: str | None = None
    endpoint: str | None = None
    connections: int = 16


class BedrockClient:
    """Created on first use; thread-safe."""

    def __init__(self, model: EmbeddingModel, place: BedrockLocation) -> None:
        self.model = model
        self._place = place
        self._lock = threading.Lock()
        self._client: Any = None

    def vector(self, text: str, use: Use, timeout_s: float) -> NDArray[np.float32]:
        """Return float32[dims], unit length, within ``timeout_s`` seconds in total. Raises BedrockFailure."""
        model_id = self.model.family.model_id
        body = self.model.request(text, use)
        with translated(BedrockFailure, f"{model_id}: the response"):
            try:
                with within(timeout_s, LARGEST_ANSWER):
                    response = self._get().invoke_model(modelId=model_id, body=body, accept=_JSON, contentType=_JSON)
                    content = response["body"].read()
            except ClientError as error:
                details = error.response.get("Error", {})
                raise refused(model_id, str(details.get("Code", "")), str(details.get("Message", ""))) from error
            except (NoCredentialsError, NoRegionError) as error:
                advice = "give this process a role, and set AWS_REGION"
                raise BedrockFailure(f"{model_id}: cannot be called ({error}); {advice}", transient=False) from error
            except (HTTPClientError, BotoCoreError, OSError) as error:
                raise silent(model_id, error) from error
        return self.model.read(content)

    def _get(self) -> Any:  # noqa: ANN401 - botocore makes its clients' classes at run time
        if self._client is None:
            with self._lock:
                if self._client is None:
                    self._client = self._create()
        return self._client

    def _create(self) -> Any:  # noqa: ANN401
        # No botocore retries, which know no deadline: callers retry, and `within` bounds the call.
        config = Config(
            connect_timeout=10,
            read_timeout=60,
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=self._place.connections,
            tcp_keepalive=True,
        )
        return aws.make_client("bedrock-runtime", self._place.region, config, self._place.endpoint)
