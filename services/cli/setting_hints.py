"""Notes on settings for ``marquee serve`` and ``doctor``: those without effect, and misspelt names."""

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
    """Return notes for the operator: settings without effect here, and unknown ``MARQUEE_*`` names."""
    environment = os.environ if environment is None else environment
    unknown = [
        f"{name} is not a setting of Marquee and has no effect; is it misspelt?"
        for name in sorted(environment)
        if name.startswith("MARQUEE_") and name.lower() not in Settings.model_fields
    ]
    return [f"{name} has no effect: {why}" for name, (_, why) in _without_effect(settings).items()] + unknown


def unused_settings(settings: Settings) -> dict[str, str]:
    """Return the settings that are given but have no effect, by name, with their values."""
    return {name: value for name, (value, _) in _without_effect(settings).items()}


def _without_effect(settings: Settings) -> dict[str, tuple[str, str]]:
    """Return name to value and reason."""
    reasons: dict[str, str] = {}
    if settings.opensearch_endpoint is None:
        reasons |= dict.fromkeys(_OPENSEARCH, "OPENSEARCH_ENDPOINT is not set, so search is embedded")
    if settings.ddb_users_table is None:
        reasons |= dict.fromkeys(_DYNAMODB, "DDB_USERS_TABLE is not set, so people are stored in SQLite")
    if settings.bundle_bucket is None:
        reasons |= dict.fromkeys(("bundle_poll_secs", "s3_endpoint"), "BUNDLE_BUCKET is not set, so bundles are local")
    if settings.bedrock_model is None:
        reasons |= dict.fromkeys(_BEDROCK, "BEDROCK_MODEL is not set, so explanations use templates")
    if settings.two_tower_endpoint is None:
        why = "TWO_TOWER_ENDPOINT is not set, so the preset two-tower uses the bundle's own vectors"
        reasons |= dict.fromkeys(("two_tower_timeout_ms", "aws_endpoint_url_sagemaker_runtime"), why)
    if settings.encoder == "minilm":
        reasons["encoder_timeout_ms"] = "ENCODER is minilm, so queries are encoded on this machine"
    names = [name for name in reasons if name in settings.model_fields_set]
    return {name.upper(): (str(getattr(settings, name)), reasons[name]) for name in names}
