"""What CloudFront accepts only from us-east-1: its firewall and its certificate."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from constructs import Construct

from infra.constructs.dns import hosted_zone
from infra.constructs.firewall import Firewall
from infra.constructs.helpers import own_helpers_logs
from infra.settings import DeploymentSettings

REGION = "us-east-1"


class EdgeStack(cdk.Stack):
    """Firewall and, with a domain, certificate; the app stack refers to both across regions."""

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings) -> None:
        super().__init__(
            scope,
            construct_id,
            env=cdk.Environment(account=settings.account, region=REGION),
            cross_region_references=True,
            description=f"Marquee, stage {settings.stage}: firewall and certificate of CloudFront",
        )
        self.firewall = Firewall(self, "Firewall", settings, "CLOUDFRONT")
        self.certificate: acm.Certificate | None = None
        if settings.domain_name:
            zone = hosted_zone(self, settings)
            self.certificate = acm.Certificate(
                self,
                "Certificate",
                domain_name=settings.domain_name,
                validation=acm.CertificateValidation.from_dns(zone),
            )
        own_helpers_logs(self, settings)
