"""``python -m infra.variants FOLDER``: write the templates of every documented deployment.

Each goes into its own folder and must satisfy the rules of cdk-nag (docs/architecture-aws.md).
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import aws_cdk as cdk

from infra.app import build
from infra.settings import Undeployable, load_settings

CDK_JSON = Path(__file__).resolve().parents[1] / "cdk.json"
DOMAIN = {
    "domain_name": "films.example.com", "hosted_zone_id": "Z0123456789ABC", "hosted_zone_name": "example.com",
}  # fmt: skip
# By name: overrides of the stage's file.
VARIANTS: Mapping[str, Mapping[str, str]] = {
    "dev": {"stage": "dev"},
    "prod": {"stage": "prod"},
    "fargate": {"stage": "dev", "compute": "fargate", "search": "opensearch", "architecture": "arm64",
                "service.encoder": "nova", "service.encoder_dims": "384", **DOMAIN},
    "embedded": {"stage": "prod", "search": "embedded"},
    "classic": {"stage": "dev", "search": "opensearch", "classic_search": "true", "service.encoder": "titan",
                "embedding_batch": "true"},
    "domain": {
        "stage": "prod", "release_schedule": "cron(0 3 ? * SUN *)", "alarm_mail": "films@example.com",
        "canary_deep": "true", "reserved_concurrency": "40", "origin_secret_version": "v-2",
        "features_instance": "ml.m5.large", "two_tower": "instance", "service.cors_origins": "https://films.example.com",
        "service.otel_exporter_otlp_endpoint": "https://xray.eu-west-1.amazonaws.com", **DOMAIN,
    },
    "explained": {
        "stage": "dev", "explain_model": "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "explain_guardrail": "true",
        "service.explain_daily_tokens": "500000", "two_tower": "serverless", "spark": "on",
    },
}  # fmt: skip


def context_of(variant: Mapping[str, str]) -> dict[str, object]:
    """Return the context as the CDK's command line would pass it."""
    return {**json.loads(CDK_JSON.read_bytes())["context"], **variant}


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Write all templates. Return 0, or 2 for settings that cannot be deployed."""
    parser = argparse.ArgumentParser(prog="python -m infra.variants", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args(arguments).folder
    for name, variant in VARIANTS.items():
        context = context_of(variant)
        app = cdk.App(context=context, outdir=str(folder / name))
        try:
            build(app, load_settings(context, environment))
        except Undeployable as error:
            sys.stderr.write(f"{name}: {error}\n")
            return 2
        app.synth()
        sys.stdout.write(f"{folder / name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
