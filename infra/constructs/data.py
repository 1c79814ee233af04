"""Storage: the bucket of raw data, features and bundles, and the three tables of people, events and cache."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.findings import acknowledge, arn_in_findings
from infra.settings import DeploymentSettings

# What a request may do with an item. TransactWriteItems is allowed by the actions it consists of.
ITEM_ACTIONS = (
    "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem",
    "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
)  # fmt: skip
# Key prefixes in the bucket: docs/releases.md.
RAW, FEATURES, BUNDLES, TOWERS, BATCH, GRAM = "raw", "features", "bundles", "two-tower", "batch", "gram"
POINTER = "current.json"


class Data(Construct):
    """Bucket and tables. If the stage keeps its data, they outlive the stack and cannot be deleted by accident."""

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self.removal = cdk.RemovalPolicy.RETAIN if settings.keeps_data else cdk.RemovalPolicy.DESTROY
        self.logs = self._log_bucket()
        self.bucket = private_bucket(
            self,
            "Bucket",
            self.removal,
            versioned=True,
            server_access_logs_bucket=self.logs,
            server_access_logs_prefix="s3/data/",
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                    noncurrent_version_expiration=cdk.Duration.days(90 if settings.keeps_data else 7),
                ),
                # A build removes its files once it has read them; these are of builds that did not finish.
                *(
                    [s3.LifecycleRule(prefix=f"{BATCH}/", expiration=cdk.Duration.days(14))]
                    if settings.embedding_batch
                    else []
                ),
            ],
        )
        self.users = self._table("Users", "user_id")
        self.events = self._table("Events", "user_id", "sk")
        self.cache = self._table("RecCache", "pk", "sk", expires_by="expires_at")

    @property
    def tables(self) -> dict[str, dynamodb.TableV2]:
        """Return the tables by content."""
        return {"users": self.users, "events": self.events, "rec_cache": self.cache}

    def allow_serving(self, role: iam.IRole) -> None:
        """Allow reading and changing people, events and cache, item by item; no scan, no table changes."""
        for table in self.tables.values():
            table.grant(role, *ITEM_ACTIONS)

    def allow_following(self, role: iam.Role) -> None:
        """Allow fetching released bundles."""
        self._allow_objects(role, {"s3:GetObject": (f"{BUNDLES}/*", POINTER)})

    def allow_jobs(self, role: iam.Role) -> None:
        """Allow reading raw data and the log, writing features and bundles, removing old bundles, loading people."""
        self.allow_serving(role)
        self.events.grant(role, "dynamodb:Scan")
        written = (f"{FEATURES}/*", f"{BUNDLES}/*", POINTER)
        self._allow_objects(
            role,
            {"s3:GetObject": (f"{RAW}/*", *written), "s3:PutObject": written, "s3:DeleteObject": (f"{BUNDLES}/*",)},
        )

    def allow_archives(self, role: iam.Role) -> None:
        """Allow writing the archives of two-tower models."""
        self._allow_objects(role, {"s3:PutObject": (f"{TOWERS}/*",)})

    def allow_batch(self, role: iam.Role, *actions: str) -> None:
        """Allow these actions on the files of batch jobs."""
        self._allow_objects(role, dict.fromkeys(actions, (f"{BATCH}/*",)))

    def _allow_objects(self, role: iam.Role, keys: Mapping[str, Sequence[str]]) -> None:
        """Allow these actions on objects with these prefixes, and listing them."""
        statements = {
            action: [self.bucket.arn_for_objects(key) for key in of_action] for action, of_action in keys.items()
        }
        for action, resources in {"s3:ListBucket": [self.bucket.bucket_arn], **statements}.items():
            role.add_to_policy(iam.PolicyStatement(actions=[action], resources=resources))
        families = {key for of_action in keys.values() for key in of_action if key.endswith("/*")}
        bucket = arn_in_findings(self.bucket)
        reason = "Data sets and bundles have many files."
        acknowledge(role, {f"AwsSolutions-IAM5[Resource::{bucket}/{key}]": reason for key in sorted(families)})

    def _table(self, construct_id: str, key: str, sort: str | None = None, expires_by: str | None = None) -> (
        dynamodb.TableV2
    ):  # fmt: skip
        text = dynamodb.AttributeType.STRING
        return dynamodb.TableV2(
            self,
            construct_id,
            partition_key=dynamodb.Attribute(name=key, type=text),
            sort_key=dynamodb.Attribute(name=sort, type=text) if sort else None,
            billing=dynamodb.Billing.on_demand(),
            time_to_live_attribute=expires_by,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=self._settings.keeps_data,
            removal_policy=self.removal,
        )

    def _log_bucket(self) -> s3.Bucket:
        """Return the bucket for the buckets' access logs. CloudFront and the load balancer have none: theirs would
        contain people's ids, queries and addresses.
        """
        bucket = private_bucket(
            self,
            "AccessLogs",
            self.removal,
            versioned=False,
            lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(self._settings.log_days))],
        )
        acknowledge(bucket, {"AwsSolutions-S1": "It holds the access logs; logging its own accesses would never end."})
        return bucket


def private_bucket(
    scope: Construct,
    construct_id: str,
    removal: cdk.RemovalPolicy,
    *,
    versioned: bool,
    lifecycle_rules: list[s3.LifecycleRule],
    server_access_logs_bucket: s3.IBucket | None = None,
    server_access_logs_prefix: str | None = None,
) -> s3.Bucket:
    """Return an encrypted bucket without public access or access without TLS; emptied when it is removed."""
    return s3.Bucket(
        scope,
        construct_id,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=versioned,
        lifecycle_rules=lifecycle_rules,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        server_access_logs_bucket=server_access_logs_bucket,
        server_access_logs_prefix=server_access_logs_prefix,
        removal_policy=removal,
        auto_delete_objects=removal is cdk.RemovalPolicy.DESTROY,
    )
