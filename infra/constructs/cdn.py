"""CloudFront in front of the HTTP API, to hold the firewall: an HTTP API cannot have one itself."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from constructs import Construct

from infra.constructs.api import TIMEOUT_S
from infra.constructs.deployment_secrets import ORIGIN_HEADER
from infra.constructs.findings import acknowledge
from infra.settings import DeploymentSettings

# All errors that a distribution can be configured for. Source: CloudFront developer guide, "How CloudFront caches HTTP
# 4xx and 5xx status codes from your origin".
ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)


class Cdn(Construct):
    """A distribution that caches nothing and sends the API a secret, so that the firewall cannot be bypassed by calling
    the HTTP API directly. Source: CloudFront developer guide, "Restrict access with custom headers".
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        api_domain: str,
        origin_header: cdk.SecretValue,
        acl_arn: str,
        certificate: acm.ICertificate | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._domain_name = settings.domain_name
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=settings.name,
            default_behavior=self._behaviour(_origin(api_domain, origin_header)),
            web_acl_id=acl_arn,
            certificate=certificate,
            domain_names=[settings.domain_name] if settings.domain_name else None,
            # CloudFront's own certificate has a fixed policy.
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if certificate else None,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            # Otherwise errors are cached for ten seconds and shown to others, whatever the cache policy.
            error_responses=[
                cloudfront.ErrorResponse(http_status=status, ttl=cdk.Duration.seconds(0)) for status in ERRORS
            ],
        )
        reasons = {
            "AwsSolutions-CFR1": "The API may be called from every country.",
            "AwsSolutions-CFR3": "Its log would contain people's ids, queries and addresses, and outlive erasure; "
            "the HTTP API and the service log each request without them.",
        }
        if certificate is None:
            reasons["AwsSolutions-CFR4"] = "CloudFront's own name has CloudFront's own certificate and its policy."
        acknowledge(self.distribution, reasons)

    @property
    def url(self) -> str:
        """Return the public URL of the API."""
        return f"https://{self._domain_name or self.distribution.distribution_domain_name}"

    def _behaviour(self, origin: cloudfront.IOrigin) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=origin,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            # Nearly every response is personal or behind a key.
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            # The viewer's Host header would be refused: the HTTP API accepts only its own.
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            response_headers_policy=cloudfront.ResponseHeadersPolicy.SECURITY_HEADERS,
        )


def _origin(api_domain: str, header: cdk.SecretValue) -> origins.HttpOrigin:
    return origins.HttpOrigin(
        api_domain,
        protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
        origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
        # A dynamic reference, resolved by CloudFormation; the template contains no secret.
        custom_headers={ORIGIN_HEADER: header.unsafe_unwrap()},
        read_timeout=cdk.Duration.seconds(TIMEOUT_S + 1),
    )
