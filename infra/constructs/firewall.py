"""The web application firewall: AWS's managed rules for common and known bad input, and a limit per address."""

from collections.abc import Sequence

from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.settings import DeploymentSettings

RATE_WINDOW_S = 300
# Managed group -> the rules in it that only count. Bodies of up to 2 MiB are valid here: /feedback/batch, and shelves
# of ten thousand ids; the service has its own limit.
MANAGED = {
    "AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
}


class Firewall(Construct):
    """A web ACL. ``scope_name`` is CLOUDFRONT (only in us-east-1) or REGIONAL. Source: AWS WAF developer guide,
    "AWS Managed Rules rule groups list", "Rate-based rule statement".
    """

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings, scope_name: str) -> None:
        super().__init__(scope, construct_id)
        self.acl = wafv2.CfnWebACL(
            self,
            "Acl",
            scope=scope_name,
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visibility("All"),
            data_protection_config=_protection(),
            rules=[
                _rate_rule(settings.waf_requests_per_ip),
                *(_managed_rule(name, priority, MANAGED[name]) for priority, name in enumerate(MANAGED, 1)),
            ],
        )

    @property
    def arn(self) -> str:
        """Return the ARN of the web ACL."""
        return self.acl.attr_arn


def _rate_rule(limit: int) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name="RatePerAddress",
        priority=0,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP", limit=limit, evaluation_window_sec=RATE_WINDOW_S
            )
        ),
        visibility_config=_visibility("RatePerAddress"),
    )


def _managed_rule(name: str, priority: int, counted: Sequence[str]) -> wafv2.CfnWebACL.RuleProperty:
    count = wafv2.CfnWebACL.RuleActionProperty(count={})
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=name,
                rule_action_overrides=[
                    wafv2.CfnWebACL.RuleActionOverrideProperty(name=rule, action_to_use=count) for rule in counted
                ]
                or None,
            )
        ),
        visibility_config=_visibility(name),
    )


def _protection() -> wafv2.CfnWebACL.DataProtectionConfigProperty:
    """Keep keys and request content out of sampled requests, which authorised people can see for three hours."""
    header = wafv2.CfnWebACL.FieldToProtectProperty(field_type="SINGLE_HEADER", field_keys=["x-api-key"])
    query = wafv2.CfnWebACL.FieldToProtectProperty(field_type="QUERY_STRING")
    return wafv2.CfnWebACL.DataProtectionConfigProperty(
        data_protections=[
            wafv2.CfnWebACL.DataProtectProperty(field=field, action="SUBSTITUTION") for field in (header, query)
        ]
    )


def _visibility(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )
