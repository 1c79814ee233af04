"""Settings: environment variables and a ``.env`` file, typed and validated in one place.

An invalid value gives one line with the setting, its value and what was expected; settings without effect are reported
by ``marquee serve`` and ``doctor``.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from urllib.parse import unquote

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.adapters.bundle.s3.bucket import PLACE, Bucket
from services.adapters.search.opensearch.target import OpenSearchTarget, kind_of
from services.recommender.errors import EncoderUnavailable, MarqueeError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
PEPPER_LENGTH = 16
_ORIGIN = re.compile(r"https?://[^/\s,*]+")
_URL = r"^https?://[^/\s?#@]+/?$"
# Download addresses: https, or a server on this machine.
_BASE = r"^(https://[^\s?#@]+[^/\s?#@]|http://127\.0\.0\.1:\d+(/[^\s?#@]*[^/\s?#@])?)$"
_ARN = r"^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$"
_SECRET = frozenset({
    "api_key_pepper", "api_key_pepper_arn", "origin_secret", "origin_secret_arn", "otel_exporter_otlp_headers",
    "tmdb_token",
})  # fmt: skip
# Long strings of letters and digits, unlike words, host names or folders.
_TOKEN = re.compile(r"(?=[\w+=-]*\d)(?=[\w+=-]*[A-Za-z])[\w+=-]{32,}")
# Claude's version, as in anthropic.claude-haiku-4-5-20251001-v1:0; dates are no minor versions.
_CLAUDE = re.compile(r"anthropic\.claude-[a-z]+-(\d+)(?:-(\d{1,2}))?(?!\d)")
_FIRST_STRUCTURED = (4, 5)
_TABLE = r"^[a-zA-Z0-9_.-]{3,255}$"


class SettingsError(MarqueeError):
    """Invalid setting; the message gives its name, its value and what was expected."""


class Settings(BaseSettings):
    """Each field is an environment variable of the same name in capitals. Times are in seconds unless named in ms."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    marquee_home: Path = Field(Path(".marquee"), description="a folder for bundles, state.db and downloads")
    marquee_host: str = Field("127.0.0.1", min_length=1, description="an address to listen on")
    marquee_port: int = Field(8000, ge=0, le=65_535, description="a port number, 0 to 65535 (0: any free port)")
    balancer_idle_secs: int = Field(60, ge=1, le=4_000, description="whole seconds, 1 to 4000")
    headers_timeout_secs: int = Field(10, ge=1, le=300, description="whole seconds, 1 to 300")
    body_timeout_secs: int = Field(60, ge=1, le=3_600, description="whole seconds, 1 to 3600")
    marquee_max_connections: int = Field(1_000, ge=1, le=10_000, description="connections per process, 1 to 10000")
    marquee_stage: str = Field(
        "local", pattern=r"^[a-z][a-z0-9-]{0,19}$", description="a name of lower-case letters, digits and dashes"
    )
    marquee_access_log: bool = Field(False, description="on or off")
    metrics: Literal["none", "emf"] = Field("none", description="none or emf")
    otel_exporter_otlp_endpoint: str | None = Field(
        None, pattern=_URL, description="an address like http://127.0.0.1:4318; tracing is off without one"
    )
    otel_exporter_otlp_headers: SecretStr | None = Field(None, description="headers like name=value, comma-separated")
    otel_traces_sampler_arg: float = Field(0.05, ge=0, le=1, description="a share of requests, 0 to 1")
    demo_page: bool = Field(True, description="on or off")
    encoder: Literal["minilm", "titan", "nova"] = Field("minilm", description="minilm, titan or nova")
    encoder_dims: int | None = Field(None, ge=1, description="a vector length supported by the model of ENCODER")
    encoder_timeout_ms: int = Field(300, ge=10, le=60_000, description="whole milliseconds, 10 to 60000")
    embedder_dir: Path | None = Field(None, description="a folder with model.onnx and tokenizer.json")
    request_deadline_ms: int = Field(1_200, ge=50, le=60_000, description="whole milliseconds, 50 to 60000")
    cache_ttl_secs: int = Field(1_800, ge=0, le=7 * 86_400, description="whole seconds, 0 to 604800 (0: no cache)")
    cache_answers: Literal["auto", "all", "dear"] = Field("auto", description="auto, all or dear")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="origins like https://films.example, separated by commas"
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="host names like films.example, separated by commas, or * for all"
    )
    api_keys: bool = Field(False, description="on or off")
    unread_keys: Literal["refuse", "serve"] = Field("refuse", description="refuse or serve")
    api_key_pepper: SecretStr | None = Field(None, description=f"a secret of at least {PEPPER_LENGTH} characters")
    api_key_pepper_arn: str | None = Field(None, pattern=_ARN, description="the ARN of a secret in Secrets Manager")
    origin_secret: SecretStr | None = Field(None, description="the secret header's value, a comma, the previous one")
    origin_secret_arn: str | None = Field(None, pattern=_ARN, description="the ARN of a secret in Secrets Manager")
    demo_users: Annotated[tuple[str, ...], NoDecode] = Field((), description="ids of people offered by the demo page")
    opensearch_endpoint: str | None = Field(
        None, pattern=_URL, description="an address like https://search.example:9200; search is embedded without one"
    )
    opensearch_kind: Literal["auto", "server", "classic", "nextgen"] = Field(
        "auto", description="auto, server, or the generation of an OpenSearch Serverless collection: classic, nextgen"
    )
    opensearch_index: str = Field(
        "films", pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$", description="lower-case letters, digits, dashes, underscores"
    )
    opensearch_engine: Literal["faiss", "lucene"] = Field("faiss", description="faiss or lucene")
    opensearch_compression: str = Field(
        "auto",
        pattern=r"^(auto|(1|2|4|8|16|32)x|none)$",
        description="auto, 1x, 2x, 4x, 8x, 16x, 32x, or none to omit it",
    )
    opensearch_custom_ids: bool | Literal["auto"] = Field("auto", description="auto, on or off")
    opensearch_timeout_ms: int = Field(300, ge=10, le=60_000, description="whole milliseconds, 10 to 60000")
    opensearch_auth: Literal["auto", "aoss", "none"] = Field("auto", description="auto, aoss or none")
    vector_dim: int | None = Field(None, ge=1, description="a number of dimensions")
    aws_region: str | None = Field(None, pattern=r"^[a-z0-9-]+$", description="a region like eu-central-1")
    ddb_users_table: str | None = Field(
        None, pattern=_TABLE, description="a DynamoDB table name; people are stored in SQLite without one"
    )
    ddb_cache_table: str = Field("marquee-rec-cache", pattern=_TABLE, description="a DynamoDB table name")
    ddb_events_table: str = Field("marquee-events", pattern=_TABLE, description="a DynamoDB table name")
    ddb_endpoint: str | None = Field(None, pattern=_URL, description="an address like http://127.0.0.1:8001")
    ddb_timeout_ms: int = Field(300, ge=10, le=60_000, description="whole milliseconds, 10 to 60000")
    bundle_bucket: str | None = Field(
        None, pattern=PLACE, description="a bucket like my-bucket or my-bucket/prefix; bundles are local without one"
    )
    bundle_poll_secs: int = Field(30, ge=1, le=3_600, description="whole seconds, 1 to 3600")
    s3_endpoint: str | None = Field(None, pattern=_URL, description="an address like http://127.0.0.1:9000")
    bedrock_model: str | None = Field(
        None,
        pattern=r"^(arn:aws[a-z-]*:bedrock:[a-z0-9-]*:[0-9]*:[a-z-]+/)?[a-zA-Z0-9][a-zA-Z0-9._:-]{2,200}$",
        description="a model's or inference profile's id or ARN, e.g. eu.anthropic.claude-haiku-4-5-20251001-v1:0",
    )
    bedrock_guardrail: str | None = Field(
        None, pattern=r"^[a-z0-9:/_-]+:(DRAFT|[0-9]{1,8})$", description="a guardrail's id or ARN, a colon, its version"
    )
    explain_output: Literal["auto", "schema", "tool"] = Field("auto", description="auto, schema or tool")
    explain_timeout_ms: int = Field(6_000, ge=100, le=25_000, description="whole milliseconds, 100 to 25000")
    explain_daily_tokens: int = Field(1_000_000, ge=1, description="whole tokens per day, 1 or more")
    explain_input_usd: float = Field(1.0, ge=0, description="US dollars per million tokens")
    explain_output_usd: float = Field(5.0, ge=0, description="US dollars per million tokens")
    two_tower_endpoint: str | None = Field(
        None, pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$", description="the name of a SageMaker endpoint"
    )
    two_tower_timeout_ms: int = Field(150, ge=10, le=60_000, description="whole milliseconds, 10 to 60000")
    aws_endpoint_url_sagemaker_runtime: str | None = Field(
        None, pattern=_URL, description="an address like http://127.0.0.1:8080"
    )
    aws_endpoint_url_bedrock: str | None = Field(
        None, pattern=_URL, description="an address like http://127.0.0.1:9001"
    )
    aws_endpoint_url_bedrock_runtime: str | None = Field(
        None, pattern=_URL, description="an address like http://127.0.0.1:9001"
    )
    bedrock_batch_role: str | None = Field(
        None, pattern=r"^arn:[a-z-]+:iam::\d{12}:role/\S+$", description="the ARN of a role"
    )
    movielens_url: str = Field(
        "https://files.grouplens.org/datasets/movielens", pattern=_BASE, description="an address over https"
    )
    tmdb_url: str = Field("https://api.themoviedb.org/3", pattern=_BASE, description="an address over https")
    tmdb_token: SecretStr | None = Field(None, description="the API Read Access Token of a TMDB account")

    @field_validator("cors_origins", "demo_users", "allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Split ``a, b`` into a tuple; leave non-strings to Pydantic."""
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin; expected scheme and host, such as https://example.org")
        return value

    @model_validator(mode="after")
    def _keys(self) -> "Settings":
        """Check the settings that API keys need."""
        if self.api_keys and "*" in self.cors_origins:
            raise ValueError("CORS_ORIGINS = '*': expected named origins while API_KEYS is on")
        if self.api_keys and not self.api_key_pepper_arn and len(self.pepper) < PEPPER_LENGTH:
            raise ValueError(
                f"API_KEY_PEPPER is {'too short' if self.pepper else 'not set'}: expected a secret of at least "
                f"{PEPPER_LENGTH} characters while API_KEYS is on, e.g. the output of `openssl rand -hex 32`"
            )
        return self

    @property
    def embedding_model(self) -> str | None:
        """Id of the Bedrock model that encodes texts; None if they are encoded in the process. Raises
        EncoderUnavailable for a vector length the model does not support.
        """
        if self.encoder == "minilm":
            return None
        from services.adapters.embed.bedrock.embedding_models import model_of

        return model_of(self.encoder, self.encoder_dims).family.model_id

    @model_validator(mode="after")
    def _encoder(self) -> "Settings":
        """Check the settings that a Bedrock encoder needs."""
        try:
            model = self.embedding_model
        except EncoderUnavailable as error:
            raise ValueError(str(error)) from error
        if model and not (self.aws_region or self.aws_endpoint_url_bedrock_runtime):
            raise ValueError("AWS_REGION is not set: expected the region of ENCODER's model, e.g. eu-west-1")
        return self

    @model_validator(mode="after")
    def _remote(self) -> "Settings":
        """Check the settings that the remote stores need."""
        tables = (self.ddb_users_table, self.ddb_cache_table, self.ddb_events_table)
        if self.ddb_users_table and len(set(tables)) < len(tables):
            names = ", ".join(map(str, tables))
            raise ValueError(f"DDB_USERS_TABLE, DDB_CACHE_TABLE, DDB_EVENTS_TABLE = {names}: expected different tables")
        if self.ddb_users_table and not (self.aws_region or self.ddb_endpoint):
            raise ValueError("AWS_REGION is not set: expected the region of DDB_USERS_TABLE, e.g. eu-central-1")
        if self.opensearch is not None:
            self.opensearch.check()
        if self.bedrock_model and not (self.aws_region or self.aws_endpoint_url_bedrock_runtime):
            raise ValueError("AWS_REGION is not set: expected the region of BEDROCK_MODEL, e.g. eu-central-1")
        if self.two_tower_endpoint and not (self.aws_region or self.aws_endpoint_url_sagemaker_runtime):
            raise ValueError("AWS_REGION is not set: expected the region of TWO_TOWER_ENDPOINT, e.g. eu-central-1")
        if self.bedrock_model and self.bedrock_model.startswith("anthropic.claude-haiku-4-5"):
            raise ValueError(
                f"BEDROCK_MODEL = {self.bedrock_model!r}: this model requires an inference profile, expected eu., us., "
                "au., jp. or global. before its id"
            )
        return self

    @property
    def is_embedded(self) -> bool:
        """Whether requests use no other server."""
        remote = (self.opensearch_endpoint, self.ddb_users_table, self.bedrock_model, self.two_tower_endpoint)
        return not any(remote)

    @property
    def explains_by_tool(self) -> bool:
        """Whether the model must answer through a tool because it lacks structured output: all but Claude from version
        4.5. An ARN does not reveal the model behind it.

        Source: Amazon Bedrock user guide, "Get validated JSON results from models".
        """
        if self.explain_output == "auto":
            claude = _CLAUDE.search(self.bedrock_model or "")
            return claude is None or (int(claude[1]), int(claude[2] or 0)) < _FIRST_STRUCTURED
        return self.explain_output == "tool"

    @property
    def guardrail(self) -> tuple[str, str] | None:
        """Id and version of the guardrail for prompts and sentences."""
        if self.bedrock_guardrail is None:
            return None
        name, _, version = self.bedrock_guardrail.rpartition(":")
        return name, version

    @property
    def opensearch(self) -> OpenSearchTarget | None:
        """OpenSearch target; None if search is embedded."""
        if self.opensearch_endpoint is None:
            return None
        kind = self.opensearch_kind
        return OpenSearchTarget(
            endpoint=self.opensearch_endpoint.rstrip("/"),
            kind=kind_of(self.opensearch_endpoint) if kind == "auto" else kind,
            index=self.opensearch_index,
            engine=self.opensearch_engine,
            compression=self.opensearch_compression,
            custom_ids=None if self.opensearch_custom_ids == "auto" else self.opensearch_custom_ids,
            timeout_s=self.opensearch_timeout_ms / 1_000,
            auth=self.opensearch_auth,
            aws_region=self.aws_region,
            dims=self.vector_dim,
        )

    @property
    def bucket(self) -> Bucket | None:
        """Bucket of released bundles; None if bundles are local."""
        if self.bundle_bucket is None:
            return None
        return Bucket.parse(self.bundle_bucket, self.aws_region, self.s3_endpoint)

    @property
    def origin_secrets(self) -> tuple[str, ...]:
        """Accepted values of the origin header, newest first; empty if not checked or stored elsewhere."""
        value = self.origin_secret.get_secret_value() if self.origin_secret else ""
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @property
    def otlp_headers(self) -> dict[str, str]:
        """Headers required by the trace collector."""
        value = self.otel_exporter_otlp_headers.get_secret_value() if self.otel_exporter_otlp_headers else ""
        pairs = (part.partition("=") for part in value.split(",") if "=" in part)
        return {name.strip(): unquote(text.strip()) for name, _, text in pairs}

    @property
    def pepper(self) -> str:
        """Secret that API keys are derived from, "" if not set."""
        return self.api_key_pepper.get_secret_value() if self.api_key_pepper else ""

    @property
    def state_path(self) -> Path:
        """SQLite file of people, events, cache and keys."""
        return self.marquee_home / "state.db"

    @property
    def host_names(self) -> frozenset[str] | None:
        """Accepted host names while requests need no key; None: not checked, because keys are on, or because the
        address is open to other machines and no names are given.
        """
        if "*" in self.allowed_hosts or self.api_keys or (self.is_exposed() and not self.allowed_hosts):
            return None
        own = {self.marquee_host, "localhost", *self.allowed_hosts}
        return frozenset(name.lower().removesuffix(".") for name in own)

    def is_exposed(self, host: str | None = None) -> bool:
        """Return whether ``host`` (default: the configured one) can be reached from other machines without a key."""
        return (host or self.marquee_host) not in LOOPBACK and not self.api_keys


def load_settings(**overrides: object) -> Settings:
    """Return the settings from the environment and ``.env``, with ``overrides`` by field name. Raises SettingsError."""
    try:
        return Settings(**cast("dict[str, Any]", overrides))
    except ValidationError as error:
        raise SettingsError("; ".join(_complaints(error))) from error


def _complaints(error: ValidationError) -> Iterator[str]:
    """Yield one line per error: name, value, expected."""
    for problem in error.errors(include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        if not problem["loc"]:
            yield message
            continue
        name = str(problem["loc"][0])
        meaning = Settings.model_fields[name].description
        complaint = f"expected {meaning}; {_masked(message[0].lower() + message[1:])}"
        yield f"{name.upper()}{_shown(name, str(problem['input']))}: {complaint}"


def _shown(name: str, value: str) -> str:
    """Return the given value for a message, unless it may be a secret; mask user info and queries in addresses."""
    if name in _SECRET and not (name.endswith("_arn") and value.startswith("arn:")):
        return " has a value that is not shown"
    return f" = {_masked(value)!r}"


def _masked(text: str) -> str:
    """Mask what precedes an ``@`` or follows a ``?``, and long tokens: a key or pepper in the wrong setting."""
    text = re.sub(r"\?\S*", "?...", re.sub(r"[^\s/'\"]+@", "...@", text))
    return _TOKEN.sub("...", text)
