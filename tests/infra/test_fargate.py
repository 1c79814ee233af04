"""The API on Fargate: a load balancer with its own firewall, and tasks that only it can reach."""

import json
from pathlib import Path

from infra.variants import VARIANTS
from tests.infra.templates import Deployment, Template, synthesise, text_of

ALB = "AWS::ElasticLoadBalancingV2::"


def test_there_is_neither_lambda_api_nor_cloudfront_nor_an_edge_stack(fargate: Deployment) -> None:
    assert fargate.edge is None
    for kind in ("AWS::ApiGatewayV2::Api", "AWS::CloudFront::Distribution", "AWS::Lambda::Alias"):
        assert not fargate.app.all(kind)


def test_the_image_is_the_server_target(fargate: Deployment) -> None:
    images = json.loads((fargate.folder / "Marquee-dev.assets.json").read_text())["dockerImages"]
    assert [(each["source"]["dockerBuildTarget"], each["source"]["platform"]) for each in images.values()] == [
        ("server", "linux/arm64")
    ]
    platform = fargate.app.one("AWS::ECS::TaskDefinition")["RuntimePlatform"]
    assert platform == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}


def test_the_load_balancer_takes_https_and_sends_http_there(fargate: Deployment) -> None:
    listeners = {each["Port"]: each for each in fargate.app.properties(f"{ALB}Listener")}
    assert set(listeners) == {80, 443}
    assert listeners[443]["Protocol"] == "HTTPS"
    assert "TLS13" in listeners[443]["SslPolicy"]
    assert listeners[80]["DefaultActions"][0]["RedirectConfig"]["Protocol"] == "HTTPS"


def test_the_firewall_is_regional_and_on_the_load_balancer(fargate: Deployment) -> None:
    [acl] = fargate.app.all("AWS::WAFv2::WebACL")
    assert fargate.app.one("AWS::WAFv2::WebACL")["Scope"] == "REGIONAL"
    [balancer] = fargate.app.all(f"{ALB}LoadBalancer")
    association = fargate.app.one("AWS::WAFv2::WebACLAssociation")
    assert association["ResourceArn"] == {"Ref": balancer}
    assert association["WebACLArn"] == {"Fn::GetAtt": [acl, "Arn"]}


def test_the_load_balancer_writes_no_access_log(fargate: Deployment) -> None:
    attributes = {each["Key"]: each["Value"] for each in
                  fargate.app.one(f"{ALB}LoadBalancer")["LoadBalancerAttributes"]}  # fmt: skip
    assert attributes.get("access_logs.s3.enabled", "false") == "false"
    assert attributes["idle_timeout.timeout_seconds"] == "60"
    assert attributes["deletion_protection.enabled"] == "false"


def test_the_health_check_of_tasks_is_liveness(fargate: Deployment) -> None:
    assert fargate.app.one(f"{ALB}TargetGroup")["HealthCheckPath"] == "/health/live"


def test_only_the_load_balancer_reaches_the_tasks(fargate: Deployment) -> None:
    service = fargate.app.one("AWS::ECS::Service")
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert "Private" in text_of(network["Subnets"])
    [ingress] = [each for each in fargate.app.properties("AWS::EC2::SecurityGroupIngress") if each["ToPort"] == 8000]
    assert "LBSecurityGroup" in text_of(ingress["SourceSecurityGroupId"])


def test_a_deployment_that_fails_is_rolled_back(fargate: Deployment) -> None:
    deployment = fargate.app.one("AWS::ECS::Service")["DeploymentConfiguration"]
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    alarms = fargate.app.all("AWS::CloudWatch::Alarm")
    named = [alarms[each["Ref"]]["Properties"]["AlarmName"] for each in deployment["Alarms"]["AlarmNames"]]
    assert named == ["marquee-dev-ErrorRate", "marquee-dev-Latency"]
    assert (deployment["Alarms"]["Enable"], deployment["Alarms"]["Rollback"]) == (True, True)


def test_the_service_is_created_after_the_alarms_that_roll_it_back(fargate: Deployment) -> None:
    [service] = fargate.app.all("AWS::ECS::Service").values()
    names = {name for name, each in fargate.app.all("AWS::CloudWatch::Alarm").items()
             if each["Properties"]["AlarmName"].endswith(("-ErrorRate", "-Latency"))}  # fmt: skip
    assert names <= set(service["DependsOn"])


def test_a_deployment_that_ecs_rolled_back_is_reported(fargate: Deployment, dev: Deployment) -> None:
    [service] = fargate.app.all("AWS::ECS::Service")
    [topic] = fargate.app.all("AWS::SNS::Topic")
    failed = {"source": ["aws.ecs"], "detail-type": ["ECS Deployment State Change"], "resources": [{"Ref": service}],
              "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]}}  # fmt: skip
    rule = fargate.app.one("AWS::Events::Rule", EventPattern=failed)
    [target] = rule["Targets"]
    assert target["Arn"] == {"Ref": topic}
    assert "$.detail.reason" in text_of(target["InputTransformer"])
    assert "DeadLetters" in text_of(target["DeadLetterConfig"])
    assert "aws.ecs" not in text_of(dev.app.properties("AWS::Events::Rule"))


def test_tasks_follow_the_load(fargate: Deployment) -> None:
    target = fargate.app.one("AWS::ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 8)
    policy = fargate.app.one("AWS::ApplicationAutoScaling::ScalingPolicy")
    scaling = policy["TargetTrackingScalingPolicyConfiguration"]
    assert scaling["TargetValue"] == 60
    assert scaling["PredefinedMetricSpecification"]["PredefinedMetricType"] == "ECSServiceAverageCPUUtilization"


def test_the_container_has_the_function_s_variables_except_the_origin_check(
    fargate: Deployment, prod: Deployment
) -> None:
    [container] = fargate.app.one("AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    variables = {each["Name"] for each in container["Environment"]}
    function = set(prod.app.one("AWS::Lambda::Function", PackageType="Image")["Environment"]["Variables"])
    of_stage = {name.removeprefix("service.").upper() for name in VARIANTS["fargate"] if name.startswith("service.")}
    assert variables - function - of_stage == {"AWS_REGION", "BUNDLE_BUCKET", "MARQUEE_HOST", "MARQUEE_PORT"}
    assert function - variables == {"ORIGIN_SECRET_ARN"}
    assert container["LogConfiguration"]["LogDriver"] == "awslogs"


def test_the_network_reaches_s3_and_dynamodb_without_the_gateway_and_logs_what_it_refuses(fargate: Deployment) -> None:
    services = text_of([each["ServiceName"] for each in fargate.app.properties("AWS::EC2::VPCEndpoint")])
    assert "s3" in services
    assert "dynamodb" in services
    assert fargate.app.one("AWS::EC2::FlowLog")["TrafficType"] == "REJECT"


def test_in_prod_it_is_protected_from_deletion_and_spans_two_zones(tmp_path: Path) -> None:
    code, errors = synthesise(tmp_path, {**VARIANTS["fargate"], "stage": "prod"})
    assert code == 0, errors
    template = Template(json.loads((tmp_path / "Marquee-prod.template.json").read_text()))
    attributes = {each["Key"]: each["Value"] for each in template.one(f"{ALB}LoadBalancer")["LoadBalancerAttributes"]}
    assert attributes["deletion_protection.enabled"] == "true"
    assert len(template.all("AWS::EC2::NatGateway")) == 2
    assert template.one("AWS::ECS::Cluster")["ClusterSettings"] == [{"Name": "containerInsights", "Value": "enabled"}]
    assert template.one("AWS::ApplicationAutoScaling::ScalableTarget")["MinCapacity"] == 2


def test_in_dev_no_log_group_outlives_the_stack(fargate: Deployment) -> None:
    assert fargate.app.one("AWS::ECS::Cluster")["ClusterSettings"] == [
        {"Name": "containerInsights", "Value": "disabled"}
    ]
