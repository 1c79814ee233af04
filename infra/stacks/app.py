"""Everything of a deployment except what CloudFront accepts only from us-east-1."""

import json

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.alarms import Alarms
from infra.constructs.canary import ITEMS, STRANGER, Canary
from infra.constructs.compute import Compute, allow_tracing, on_fargate, on_lambda
from infra.constructs.dashboard import Dashboard
from infra.constructs.data import Data
from infra.constructs.deployment_secrets import DeploymentSecrets
from infra.constructs.encoder import EmbeddingBatch, allow_encoding
from infra.constructs.environment import service_environment
from infra.constructs.explain import Explain
from infra.constructs.features import FeaturesJob
from infra.constructs.gram_job import GramJob
from infra.constructs.helpers import own_helpers_logs
from infra.constructs.jobs import Jobs
from infra.constructs.releases import WATCHED, ReleaseWorkflow, release_table
from infra.constructs.search import READ, WRITE, Search
from infra.constructs.two_tower_endpoint import TwoTowerEndpoint
from infra.release.stage import guarded
from infra.settings import DeploymentSettings
from infra.stacks.edge import EdgeStack


class AppStack(cdk.Stack):
    """Data, search and secrets; a compute; jobs; and monitoring. ``edge`` exists on Lambda only."""

    def __init__(
        self, scope: Construct, construct_id: str, settings: DeploymentSettings, edge: EdgeStack | None
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=cdk.Environment(account=settings.account, region=settings.region),
            cross_region_references=True,
            termination_protection=settings.keeps_data,
            description=f"Marquee, stage {settings.stage}: film recommendations",
        )
        self._settings = settings
        self._data = Data(self, "Data", settings)
        self._search = Search(self, "Search", settings) if settings.search == "opensearch" else None
        self._explain = Explain(self, "Explain", settings, settings.explain_model) if settings.explain_model else None
        self._secrets = DeploymentSecrets(self, "Secrets", self._data.removal)
        self._key = kms.Key(
            self,
            "OperationsKey",
            description=f"Alarms, dead letters and builds of {settings.name}",
            enable_key_rotation=True,
            removal_policy=self._data.removal,
            pending_window=cdk.Duration.days(7),
        )
        self._towers = self._two_tower()
        self._environment = service_environment(
            settings, self._data, self._search, self._secrets, self._explain, self._towers
        )
        compute = self._compute(edge)
        self._table = release_table(self, "Releasing")
        self._jobs = self._release_job(compute)
        self._releases = ReleaseWorkflow(
            self, "Releases", settings, data=self._data, secrets=self._secrets, jobs=self._jobs, table=self._table,
            target=compute.release, towers=self._towers,
        )  # fmt: skip
        self._features = self._feature_job()
        self._gram = None if settings.spark == "off" else GramJob(self, "Gram", settings, data=self._data)
        self._watch(compute)
        self._add_outputs(compute)
        own_helpers_logs(self, settings)

    @property
    def availability_zones(self) -> list[str]:
        """Return the first two of the region, by reference: no look-up in an account while templates are made."""
        return [cdk.Fn.select(zone, cdk.Fn.get_azs()) for zone in range(2)]

    def _compute(self, edge: EdgeStack | None) -> Compute:
        compute = (
            on_fargate(self, self._settings, self._environment, self._data)
            if edge is None
            else on_lambda(self, self._settings, self._environment, self._secrets, edge)
        )
        self._data.allow_serving(compute.role)
        allow_tracing(compute.role, self._settings)
        allow_encoding(compute.role, self._settings)
        if self._search is not None:
            self._search.allow("serving", compute.role, READ)
        if self._explain is not None:
            self._explain.allow(compute.role)
        if self._towers is not None:
            self._towers.allow(compute.role)
        self._secrets.pepper.grant_read(compute.role)
        return compute

    def _release_job(self, compute: Compute) -> Jobs:
        environment = self._environment | {
            "BUNDLE_BUCKET": self._data.bucket.bucket_name, "CANARY_KEY_ARN": self._secrets.canary_key.secret_arn,
            "RELEASES_TABLE": self._table.table_name, **compute.release.environment,
            **({"TWO_TOWER": "on"} if self._towers else {}),
        }  # fmt: skip
        batch = (
            EmbeddingBatch(self, "Batch", self._settings, data=self._data) if self._settings.embedding_batch else None
        )
        if batch is not None:
            environment |= batch.environment
        target = compute.release
        jobs = Jobs(
            self, "Jobs", self._settings, key=self._key, environment=environment, needs_image=target.needs_image,
            statements=target.job, wildcards=target.wildcards,
        )  # fmt: skip
        role = jobs.role
        self._table.grant(role, "dynamodb:PutItem")
        self._data.allow_jobs(role)
        if self._towers is not None:
            self._data.allow_archives(role)
        allow_encoding(role, self._settings)
        if batch is not None:
            batch.allow(role)
        if self._search is not None:
            self._search.allow("indexing", role, WRITE)
        self._secrets.pepper.grant_read(role)
        self._secrets.canary_key.grant_read(role)
        self._secrets.canary_key.grant_write(role)
        return jobs

    def _two_tower(self) -> TwoTowerEndpoint | None:
        if self._settings.two_tower == "off":
            return None
        return TwoTowerEndpoint(self, "TwoTower", self._settings, data=self._data, key=self._key)

    def _feature_job(self) -> FeaturesJob | None:
        instance = self._settings.features_instance
        if instance is None:
            return None
        return FeaturesJob(self, "Features", self._settings, instance=instance, data=self._data, key=self._key)

    def _watch(self, compute: Compute) -> None:
        settings = self._settings
        key, logs = self._secrets.canary_key, self._data.logs
        canary = Canary(self, "Canary", settings, url=compute.url, key=key, logs=logs)
        alarms = Alarms(self, "Alarms", settings, self._key)
        alarms.watch_traffic(compute.traffic)
        alarms.watch_data(self._data)
        alarms.watch_fallbacks()
        if self._search is not None:
            alarms.watch_search(self._search)
        if self._explain is not None:
            alarms.watch_explain(self._explain)
        if self._towers is not None:
            alarms.watch_towers(self._towers)
        alarms.watch_canary(canary)
        alarms.watch_releases(self._releases, self._jobs)
        if compute.service_arn is not None:
            alarms.watch_deployments(compute.service_arn, self._jobs)
        alarms.watch_budget()
        if compute.roll_back_on is not None:
            compute.roll_back_on([alarms.named(name) for name in WATCHED])
        board = Dashboard(self, "Dashboard", settings)
        board.add_platform(compute.traffic, self._data, self._search, canary)
        board.add_alarms(alarms.all)

    def _add_outputs(self, compute: Compute) -> None:
        url = compute.url
        body = json.dumps({"user_id": STRANGER, "k": ITEMS})
        outputs = {
            "Url": url,
            **({"OriginUrl": compute.origin_url} if compute.origin_url else {}),
            **({"Image": compute.image} if compute.image else {}),
            "BucketName": self._data.bucket.bucket_name,
            **({"SearchEndpoint": self._search.endpoint} if self._search else {}),
            "PepperArn": self._secrets.pepper.secret_arn,
            "OriginSecretArn": self._secrets.origin.secret_arn,
            **{f"{name.title().replace('_', '')}Table": table.table_name for name, table in self._data.tables.items()},
            "HealthCommand": f"curl {url}/health/ready",
            "RecommendCommand": f"curl {url}/recommend -H 'X-API-Key: KEY' -H 'Content-Type: application/json' "
            f"-d '{body}'",
            "ReleaseCommand": f"make release STAGE={self._settings.stage}",
            "ReleaseMachine": self._releases.machine.state_machine_arn,
            "ReleaseTable": self._table.table_name,
            **({"FeaturesMachine": self._features.machine.state_machine_arn} if self._features else {}),
            **({"GramMachine": self._gram.machine.state_machine_arn} if self._gram else {}),
            # The next deployment is compared with this.
            "Deployed": json.dumps(guarded(self._settings), separators=(",", ":")),
        }
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)
