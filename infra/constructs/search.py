"""OpenSearch Serverless: one vector collection, which also does BM25, and the permissions on its indexes."""

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_opensearchserverless as aoss
from constructs import Construct

from infra.settings import DeploymentSettings

INDEX = "films"
READ = ("aoss:ReadDocument", "aoss:DescribeIndex")
WRITE = (*READ, "aoss:CreateIndex", "aoss:UpdateIndex", "aoss:WriteDocument", "aoss:DeleteIndex")
# Data access policies grant access, but OpenSearch Serverless also requires this one IAM action on the collection.
IAM_ACTION = "aoss:APIAccessAll"


class Search(Construct):
    """A collection group, the collection in it, and its policies. `marquee index` makes one index per bundle, so that a
    release brings its own and a rollback finds the old one.

    Source: Amazon OpenSearch Serverless developer guide, "Collection groups", "Data access control".
    """

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings) -> None:
        super().__init__(scope, construct_id)
        # As OPENSEARCH_KIND takes it: the generation determines what an index may look like.
        self.kind = settings.generation
        # Neither a group nor a collection can change its generation. A new one needs its own name, because
        # CloudFormation creates it before it removes the old one.
        self.name = f"{settings.name}-{self.kind}"
        encryption = self._security_policy("Encryption", "encryption", {
            "Rules": [self._rule("collection")], "AWSOwnedKey": True,
        })  # fmt: skip
        # Reachable over the internet, but only with the signature of a role that a data access policy names.
        network = self._security_policy("Network", "network", [
            {"Rules": [self._rule("collection")], "AllowFromPublic": True},
        ])  # fmt: skip
        self.group = self._group(settings)
        self.collection = aoss.CfnCollection(
            self,
            "Collection",
            name=self.name,
            type="VECTORSEARCH",
            collection_group_name=self.group.name,
            standby_replicas=self.group.standby_replicas,
            description=f"Films of {self.name}: vectors and text",
        )
        for dependency in (encryption, network, self.group):
            self.collection.add_resource_dependency(dependency)

    @property
    def endpoint(self) -> str:
        """Return ``https://...``; its form differs by generation, so it is never constructed."""
        return self.collection.attr_collection_endpoint

    def capacity(self, metric: str) -> cloudwatch.Metric:
        """Return SearchOCU or IndexingOCU: a minute's sum, reported once a minute and for the whole account. A stage
        with its own account sees only its own.

        Source: developer guide, "Monitoring OpenSearch Serverless with CloudWatch".
        """
        return cloudwatch.Metric(
            namespace="AWS/AOSS",
            metric_name=metric,
            dimensions_map={"ClientId": cdk.Stack.of(self).account},
            statistic="Sum",
            period=cdk.Duration.minutes(1),
        )

    def of_collection(self, metric: str) -> cloudwatch.Metric:
        """Return a metric of the collection, summed over a minute. Source: as above."""
        dimensions = {"ClientId": cdk.Stack.of(self).account, "CollectionId": self.collection.attr_id,
                      "CollectionName": self.name}  # fmt: skip
        return cloudwatch.Metric(
            namespace="AWS/AOSS", metric_name=metric, dimensions_map=dimensions, statistic="Sum",
            period=cdk.Duration.minutes(1),
        )  # fmt: skip

    def allow(self, name: str, role: iam.IRole, permissions: Sequence[str]) -> None:
        """Grant a role these permissions on the films' indexes. A new policy takes about a minute to be enforced."""
        policy = [
            {
                "Rules": [
                    {
                        "ResourceType": "index",
                        "Resource": [f"index/{self.name}/{INDEX}*"],
                        "Permission": list(permissions),
                    }
                ],
                "Principal": [role.role_arn],
            }
        ]
        access = aoss.CfnAccessPolicy(
            self,
            f"{name.title()}Access",
            name=f"{self.name}-{name}",
            type="data",
            policy=cdk.Stack.of(self).to_json_string(policy),
        )
        access.add_resource_dependency(self.collection)
        role.add_to_principal_policy(iam.PolicyStatement(actions=[IAM_ACTION], resources=[self.collection.attr_arn]))

    def _group(self, settings: DeploymentSettings) -> aoss.CfnCollectionGroup:
        return aoss.CfnCollectionGroup(
            self,
            "Group",
            name=self.name,
            generation=self.kind.upper(),
            # NextGen is inherently redundant, but requires the property; a Classic standby doubles the bill.
            standby_replicas="DISABLED" if settings.classic_search and not settings.keeps_data else "ENABLED",
            capacity_limits=aoss.CfnCollectionGroup.CapacityLimitsProperty(
                min_search_capacity_in_ocu=settings.search_ocu_min,
                max_search_capacity_in_ocu=settings.search_ocu_max,
                min_indexing_capacity_in_ocu=settings.indexing_ocu_min,
                max_indexing_capacity_in_ocu=settings.indexing_ocu_max,
            ),
        )

    def _security_policy(self, construct_id: str, kind: str, policy: object) -> aoss.CfnSecurityPolicy:
        return aoss.CfnSecurityPolicy(self, construct_id, name=self.name, type=kind, policy=json.dumps(policy))

    def _rule(self, kind: str) -> dict[str, object]:
        return {"ResourceType": kind, "Resource": [f"{kind}/{self.name}"]}
