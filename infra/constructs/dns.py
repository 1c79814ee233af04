"""The domain: its Route 53 zone, and its records."""

from aws_cdk import aws_route53 as route53
from constructs import Construct

from infra.settings import DeploymentSettings


def hosted_zone(scope: Construct, settings: DeploymentSettings) -> route53.IHostedZone:
    """Return the zone of the domain by its id: nothing is looked up while templates are made. The domain is set."""
    return route53.HostedZone.from_hosted_zone_attributes(
        scope, "Zone", hosted_zone_id=settings.hosted_zone_id or "", zone_name=settings.hosted_zone_name or ""
    )


def point_domain_at(scope: Construct, settings: DeploymentSettings, target: route53.IAliasRecordTarget) -> None:
    """Add IPv4 and IPv6 records of the domain, if there is one."""
    if settings.domain_name is None:
        return
    zone = hosted_zone(scope, settings)
    alias = route53.RecordTarget.from_alias(target)
    route53.ARecord(scope, "Ipv4", zone=zone, record_name=f"{settings.domain_name}.", target=alias)
    route53.AaaaRecord(scope, "Ipv6", zone=zone, record_name=f"{settings.domain_name}.", target=alias)
