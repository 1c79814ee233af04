"""The secrets: what CloudFront shows the API, what API keys are made with, and the canary's own key."""

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.findings import acknowledge

ORIGIN_HEADER = "x-origin-verify"
LENGTH = 48


class Secrets(Construct):
    """Made by Secrets Manager; nobody sees them in a template."""

    def __init__(self, scope: Construct, construct_id: str, removal: cdk.RemovalPolicy) -> None:
        super().__init__(scope, construct_id)
        self._removal = removal
        # While it is rotated, the API takes the previous version, too.
        self.origin = self._secret(
            "Origin",
            "What CloudFront sends and the API checks",
            "Rotated by hand, as CloudFront has to be deployed with the new one: docs/operations.md.",
        )
        self.pepper = self._secret(
            "Pepper",
            "What API keys are made with",
            "A new pepper ends every API key: it is changed on purpose, never by a schedule.",
        )
        # The first release makes a key and puts it here; until then it is no key of anybody's.
        self.canary_key = self._secret(
            "CanaryKey",
            "The canary's API key",
            "An API key is changed by making a new one and revoking the old one.",
        )

    def origin_header(self, version: str | None) -> cdk.SecretValue:
        """A reference to the origin secret that CloudFormation resolves: no plain text in the template."""
        return cdk.SecretValue.secrets_manager(self.origin.secret_arn, version_id=version)

    def _secret(self, construct_id: str, description: str, not_rotated: str) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            construct_id,
            description=description,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=LENGTH, exclude_punctuation=True
            ),
            removal_policy=self._removal,
        )
        acknowledge(secret, {"AwsSolutions-SMG4": not_rotated})
        return secret
