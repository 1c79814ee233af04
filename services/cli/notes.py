"""Notes on the settings for ``marquee serve`` and ``doctor``: what is given and has no effect, or is misspelt."""

import os
from collections.abc import Mapping

from services.settings import Settings

_OPENSEARCH = (
    "opensearch_kind", "opensearch_index", "opensearch_engine", "opensearch_compression", "opensearch_custom_ids",
    "opensearch_timeout_ms", "opensearch_auth", "vector_dim",
)  # fmt: skip
_BEDROCK = (
    "bedrock_guardrail", "explain_output", "explain_timeout_ms", "explain_daily_tokens",
    "explain_input_usd", "explain_output_usd",
)  # fmt: skip
_DYNAMODB = ("ddb_cache_table", "ddb_events_table", "ddb_endpoint", "ddb_timeout_ms")


def notes(settings: Settings, environment: Mapping[str, str] | None = None) -> list[str]:
    """What the operator should know: settings that have no effect here, and misspelt ``MARQUEE_*`` names."""
    environment = os.environ if environment is None else environment
    unknown = [
        f"{name} is no setting of Marquee and has no effect; is it misspelt?"
        for name in sorted(environment)
        if name.startswith("MARQUEE_") and name.lower() not in Settings.model_fields
    ]
    return [f"{name} is set, but {why}" for name, (_, why) in _without_effect(settings).items()] + unknown


def unused_settings(settings: Settings) -> dict[str, str]:
    """The settings that are given and have no effect, by name, with their values, for ``marquee doctor``."""
    return {name: value for name, (value, _) in _without_effect(settings).items()}


def _without_effect(settings: Settings) -> dict[str, tuple[str, str]]:
    """Name to value and reason."""
    reasons: dict[str, str] = {}
    if settings.opensearch_endpoint is None:
        reasons |= dict.fromkeys(_OPENSEARCH, "OPENSEARCH_ENDPOINT is not: search is embedded (tantivy, numpy)")
    if settings.ddb_users_table is None:
        reasons |= dict.fromkeys(_DYNAMODB, "DDB_USERS_TABLE is not: people are kept in SQLite")
    if settings.bundle_bucket is None:
        reasons |= dict.fromkeys(("bundle_poll_secs", "s3_endpoint"), "BUNDLE_BUCKET is not: bundles are local")
    if settings.bedrock_model is None:
        reasons |= dict.fromkeys(_BEDROCK, "BEDROCK_MODEL is not: sentences are written by template")
    if settings.two_tower_endpoint is None:
        told = "TWO_TOWER_ENDPOINT is not: the bundle's own vectors answer for the preset two-tower"
        reasons |= dict.fromkeys(("two_tower_timeout_ms", "aws_endpoint_url_sagemaker_runtime"), told)
    if settings.encoder == "minilm":
        reasons["encoder_timeout_ms"] = "ENCODER is minilm: queries are encoded on this machine"
    given = [name for name in reasons if name in settings.model_fields_set]
    return {name.upper(): (str(getattr(settings, name)), reasons[name]) for name in given}
