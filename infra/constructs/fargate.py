"""The API on Fargate: the same image's server behind a load balancer, in its own network."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as patterns
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.constructs.findings import acknowledge
from infra.constructs.firewall import Firewall
from infra.constructs.image import ROOT, image_options
from infra.constructs.log_groups import log_group
from infra.constructs.traffic import Traffic
from infra.settings import DeploymentSettings

PORT = 8000
CPU, MEMORY_MB = 1_024, 2_048
CPU_TARGET_PERCENT = 60
IDLE_S = 60


class FargateApi(Construct):
    """Network, service, load balancer with its own firewall. Source: Amazon ECS developer guide, "Best practices"."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        environment: dict[str, str],
        zone: route53.IHostedZone,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self.url = f"https://{settings.domain_name}"
        self.role = iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"), description="The API"
        )
        self.cluster = self._cluster()
        self.service = self._service(environment, zone)
        self._harden()
        self._scale()

    @property
    def traffic(self) -> Traffic:
        """Return traffic as counted by the load balancer, including requests that no container answered."""
        balancer = self.service.load_balancer.metrics
        codes = {
            "target": balancer.http_code_target(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, statistic="Sum"),
            "balancer": balancer.http_code_elb(elbv2.HttpCodeElb.ELB_5XX_COUNT, statistic="Sum"),
        }
        return Traffic(
            latency=balancer.target_response_time(),
            unit_ms=1_000,
            requests=balancer.request_count(statistic="Sum"),
            failures=cloudwatch.MathExpression(
                expression="FILL(target, 0) + FILL(balancer, 0)", using_metrics=codes, label="5xx"
            ),
            health={"UnhealthyTasks": self.service.target_group.metrics.unhealthy_host_count(statistic="Maximum")},
            load={
                "TaskCpu": self.service.service.metric_cpu_utilization(),
                "TaskMemory": self.service.service.metric_memory_utilization(),
            },
        )

    def roll_back_on(self, alarms: Sequence[cloudwatch.Alarm]) -> None:
        """Roll a deployment back if one of these alarms is raised. They may depend on the load balancer, but not on
        the service.
        """
        self.service.service.enable_deployment_alarms(
            [alarm.alarm_name for alarm in alarms], behavior=ecs.AlarmBehavior.ROLLBACK_ON_ALARM
        )
        service = self.service.service.node.find_child("Service")
        assert isinstance(service, cdk.CfnResource)
        for alarm in alarms:
            resource = alarm.node.default_child
            assert isinstance(resource, cdk.CfnResource)
            service.add_resource_dependency(resource)

    def _cluster(self) -> ecs.Cluster:
        """Return the cluster. Container Insights creates its own log group, which would outlive a stage that leaves
        nothing.
        """
        insights = ecs.ContainerInsights.ENABLED if self._settings.keeps_data else ecs.ContainerInsights.DISABLED
        cluster = ecs.Cluster(self, "Cluster", vpc=self._network(), container_insights_v2=insights)
        if not self._settings.keeps_data:
            acknowledge(cluster, {"AwsSolutions-ECS4": "On in prod; in dev its log group would outlive the stack."})
        return cluster

    def _network(self) -> ec2.Vpc:
        """Return a network of two zones; tasks without public addresses; S3 and DynamoDB bypass the NAT gateway."""
        network = ec2.Vpc(
            self,
            "Network",
            max_azs=2,
            nat_gateways=2 if self._settings.keeps_data else 1,
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
        )
        network.add_flow_log(
            "Flows",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(log_group(self, "FlowLogs", self._settings)),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
        return network

    def _service(
        self, environment: dict[str, str], zone: route53.IHostedZone
    ) -> patterns.ApplicationLoadBalancedFargateService:
        settings = self._settings
        arm = settings.architecture == "arm64"
        return patterns.ApplicationLoadBalancedFargateService(
            self,
            "Service",
            cluster=self.cluster,
            cpu=CPU,
            memory_limit_mib=MEMORY_MB,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64 if arm else ecs.CpuArchitecture.X86_64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
            task_image_options=self._container(environment),
            desired_count=settings.fargate_tasks_min,
            min_healthy_percent=100,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            certificate=self._certificate(zone),
            domain_name=settings.domain_name,
            domain_zone=zone,
            redirect_http=True,
            ssl_policy=elbv2.SslPolicy.RECOMMENDED_TLS,
            # The server keeps idle connections longer, by the same setting.
            idle_timeout=cdk.Duration.seconds(int(str(settings.service.get("balancer_idle_secs", IDLE_S)))),
        )

    def _certificate(self, zone: route53.IHostedZone) -> acm.Certificate:
        return acm.Certificate(
            self,
            "Certificate",
            domain_name=str(self._settings.domain_name),
            validation=acm.CertificateValidation.from_dns(zone),
        )

    def _container(self, environment: dict[str, str]) -> patterns.ApplicationLoadBalancedTaskImageOptions:
        image = ecs.ContainerImage.from_asset(str(ROOT), **image_options(self._settings, "server"))
        return patterns.ApplicationLoadBalancedTaskImageOptions(
            image=image,
            container_name="api",
            container_port=PORT,
            environment={
                **environment,
                "AWS_REGION": cdk.Stack.of(self).region,
                "MARQUEE_HOST": "0.0.0.0",  # noqa: S104 - only the load balancer reaches it
                "MARQUEE_PORT": str(PORT),
            },
            task_role=self.role,
            log_driver=ecs.LogDrivers.aws_logs(stream_prefix="api", log_group=log_group(self, "Logs", self._settings)),
        )

    def _harden(self) -> None:
        service, balancer = self.service, self.service.load_balancer
        balancer.set_attribute("routing.http.drop_invalid_header_fields.enabled", "true")
        balancer.set_attribute("deletion_protection.enabled", str(self._settings.keeps_data).lower())
        # Alive, not ready: a new task does not fix a store that is down.
        service.target_group.configure_health_check(path="/health/live", healthy_threshold_count=2)
        firewall = Firewall(self, "Firewall", self._settings, "REGIONAL")
        wafv2.CfnWebACLAssociation(
            self, "FirewallOfBalancer", resource_arn=balancer.load_balancer_arn, web_acl_arn=firewall.arn
        )
        acknowledge(
            service,
            {
                "AwsSolutions-EC23": "A public API: the load balancer takes HTTPS from everywhere, behind a firewall.",
                "AwsSolutions-ELB2": "Its log would contain people's ids, queries, addresses; the service logs itself.",
                "AwsSolutions-ECS2": "The environment names resources and secrets' ARNs; it holds no secret.",
                "AwsSolutions-IAM5[Resource::*]": "ecr:GetAuthorizationToken has no resource-level permissions.",
            },
        )

    def _scale(self) -> None:
        tasks = self.service.service.auto_scale_task_count(
            min_capacity=self._settings.fargate_tasks_min, max_capacity=self._settings.fargate_tasks_max
        )
        tasks.scale_on_cpu_utilization("Cpu", target_utilization_percent=CPU_TARGET_PERCENT)
