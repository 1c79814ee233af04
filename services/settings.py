"""The settings: environment variables and a ``.env`` file, typed and checked in one place.

A wrong value is one line that names the setting, its value and what was expected; a setting that this version
does not use is named by :func:`notes`, never passed over in silence.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.recommender.errors import MarqueeError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
PEPPER_LENGTH = 16
_ORIGIN = re.compile(r"https?://[^/\s,*]+")
_NOT_USED = "is set, but this version runs on its embedded default (tantivy, numpy, SQLite) and does not use it"


class SettingsError(MarqueeError):
    """A setting has a value that cannot be used; the message names it, its value and what was expected."""


class Settings(BaseSettings):
    """A field is an environment variable of the same name in capitals. Times are in seconds."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    marquee_home: Path = Field(Path(".marquee"), description="a folder for bundles, state.db and downloads")
    marquee_host: str = Field("127.0.0.1", min_length=1, description="an address to listen on")
    marquee_port: int = Field(8000, ge=0, le=65_535, description="a port number, 0 to 65535 (0: any free one)")
    marquee_stage: str = Field(
        "local", pattern=r"^[a-z][a-z0-9-]{0,19}$", description="a name of lower-case letters, digits and dashes"
    )
    marquee_access_log: bool = Field(False, description="on or off")
    embedder_dir: Path | None = Field(None, description="a folder with model.onnx and tokenizer.json")
    cache_ttl_secs: int = Field(1_800, ge=0, le=7 * 86_400, description="whole seconds, 0 to 604800 (0: no cache)")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="origins like https://films.example, separated by commas"
    )
    api_keys: bool = Field(False, description="on or off")
    api_key_pepper: SecretStr | None = Field(None, description=f"a secret of at least {PEPPER_LENGTH} characters")
    demo_users: Annotated[tuple[str, ...], NoDecode] = Field((), description="ids of people the demo page offers")
    opensearch_endpoint: str | None = Field(None, description="OpenSearch endpoint")
    opensearch_index: str | None = Field(None, description="OpenSearch index")
    vector_dim: int | None = Field(None, ge=1, description="a number of dimensions")
    aws_region: str | None = Field(None, description="AWS region")
    ddb_users_table: str | None = Field(None, description="DynamoDB table of people")
    ddb_cache_table: str | None = Field(None, description="DynamoDB table of cached answers")
    bedrock_model: str | None = Field(None, description="Bedrock model of the sentences")

    @field_validator("cors_origins", "demo_users", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """``a, b`` as a tuple; anything but a string is left to Pydantic."""
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin")
        return value

    @model_validator(mode="after")
    def _together(self) -> "Settings":
        if self.api_keys and "*" in self.cors_origins:
            raise ValueError("CORS_ORIGINS = '*': expected named origins while API_KEYS is on")
        if self.api_keys and len(self.pepper) < PEPPER_LENGTH:
            raise ValueError(
                f"API_KEY_PEPPER is {'too short' if self.pepper else 'not set'}: expected a secret of at least "
                f"{PEPPER_LENGTH} characters while API_KEYS is on, e.g. the output of `openssl rand -hex 32`"
            )
        return self

    @property
    def pepper(self) -> str:
        """The secret that API keys are made with, "" if there is none."""
        return self.api_key_pepper.get_secret_value() if self.api_key_pepper else ""

    @property
    def state_path(self) -> Path:
        """The SQLite file with people, events, cache and keys."""
        return self.marquee_home / "state.db"

    def is_exposed(self, host: str | None = None) -> bool:
        """Whether ``host`` (the configured one if None) can be reached from other machines without a key."""
        return (host or self.marquee_host) not in LOOPBACK and not self.api_keys


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment and ``.env``, with ``overrides`` by field name. Raises SettingsError."""
    try:
        return Settings(**cast("dict[str, Any]", overrides))
    except ValidationError as error:
        raise SettingsError("; ".join(_complaints(error))) from error


def _complaints(error: ValidationError) -> Iterator[str]:
    """One line an error: name, value, expected."""
    for problem in error.errors(include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        if not problem["loc"]:
            yield message
            continue
        name = str(problem["loc"][0])
        meaning = Settings.model_fields[name].description
        yield f"{name.upper()} = {str(problem['input'])!r}: expected {meaning}; {message[0].lower()}{message[1:]}"


# Names that other programs read from the same environment, too: setting them is no sign of a wish to use them here.
_SHARED = frozenset({"aws_region"})
_REMOTE = (
    "opensearch_endpoint", "opensearch_index", "vector_dim", "aws_region",
    "ddb_users_table", "ddb_cache_table", "bedrock_model",
)  # fmt: skip


def notes(settings: Settings, environment: Mapping[str, str] | None = None) -> list[str]:
    """What the operator should know: settings that have no effect here, and misspelt ``MARQUEE_*`` names."""
    environment = os.environ if environment is None else environment
    unused = [
        f"{name.upper()} {_NOT_USED}" for name in _REMOTE if name not in _SHARED and getattr(settings, name) is not None
    ]
    unknown = [
        f"{name} is no setting of Marquee and has no effect; is it misspelt?"
        for name in sorted(environment)
        if name.startswith("MARQUEE_") and name.lower() not in Settings.model_fields
    ]
    return unused + unknown


def unused_settings(settings: Settings) -> dict[str, str]:
    """The settings of the remote adapters that are given, by name, for ``marquee doctor``."""
    return {name.upper(): str(getattr(settings, name)) for name in _REMOTE if getattr(settings, name) is not None}
