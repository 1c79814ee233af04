"""The API on Lambda: CloudFront with a firewall, a secret header, the HTTP API, an alias, the function."""

import json
from pathlib import Path

import pytest

from infra.constructs.firewall import RATE_WINDOW_S
from infra.constructs.image import ROOT, image_options
from infra.settings import STAGES, load_settings
from tests.infra.templates import Deployment, Template, synthesise, text_of

FUNCTION = "AWS::Lambda::Function"
SECRETS = ("SecretsOrigin", "SecretsPepper")


def function(made: Deployment) -> dict:
    return made.app.one(FUNCTION, PackageType="Image")


def test_the_function_runs_the_image_from_a_snapshot_within_the_time_of_an_http_api(dev: Deployment) -> None:
    properties = function(dev)
    assert properties["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert properties["Timeout"] == 29
    assert properties["Architectures"] == ["x86_64"]
    assert "TracingConfig" not in properties
    assert "ImageUri" in properties["Code"]


def test_the_image_is_the_lambda_target_of_the_repository(dev: Deployment) -> None:
    assets = json.loads((dev.folder / "Marquee-dev.assets.json").read_text())["dockerImages"]
    [image] = [each["source"] for each in assets.values()]
    assert (image["dockerBuildTarget"], image["platform"]) == ("lambda", "linux/amd64")
    staged = dev.folder / image["directory"]
    assert {each.name for each in staged.iterdir()} >= {"Dockerfile", "uv.lock", "services", "infra"}
    assert not {".venv", ".git", ".tools", "tests", ".marquee"} & {each.name for each in staged.iterdir()}
    assert (staged / "Dockerfile").read_bytes() == (ROOT / "Dockerfile").read_bytes()


def test_a_deployment_changes_neither_the_alias_nor_the_version_it_was_made_with(
    dev: Deployment, tmp_path: Path
) -> None:
    """So CloudFormation never moves them, neither forward nor back after a failed deployment."""
    code, errors = synthesise(tmp_path, {"stage": "dev", "memory_mb": "2048", "service.cache_ttl_secs": "60"})
    assert code == 0, errors
    other = Template(json.loads((tmp_path / "Marquee-dev.template.json").read_text()))
    for kind in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
        assert other.all(kind) == dev.app.all(kind)
    assert other.all("AWS::Lambda::Function") != dev.app.all("AWS::Lambda::Function")


def test_the_image_of_a_deployment_is_an_output(app: Template) -> None:
    """The release machine sets it: CloudFormation does not, if it deployed the image before and it was rolled back."""
    functions = app.properties(FUNCTION, PackageType="Image")
    assert [each["Code"]["ImageUri"] for each in functions] == [
        output["Value"] for name, output in app.document["Outputs"].items() if name == "Image"
    ]


def test_an_existing_bundle_becomes_part_of_the_image(tmp_path) -> None:
    settings = load_settings({}, {})
    assert image_options(settings, "lambda", tmp_path)["build_contexts"] is None
    (tmp_path / "current.json").write_text('{"version": "0123456789abcdef"}')
    options = image_options(settings, "lambda", tmp_path)
    assert options["build_contexts"] == {"bundle": str(tmp_path)}
    # Otherwise another bundle would not be deployed.
    assert options["extra_hash"] == "0123456789abcdef"


def test_the_http_api_invokes_the_alias_and_not_the_function(dev: Deployment) -> None:
    [alias] = dev.app.all("AWS::Lambda::Alias")
    # Always the first version, so CloudFormation never moves the alias.
    [version] = dev.app.all("AWS::Lambda::Version")
    assert dev.app.one("AWS::Lambda::Alias")["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}
    assert dev.app.one("AWS::Lambda::Alias")["Name"] == "live"
    assert dev.app.one("AWS::ApiGatewayV2::Integration")["IntegrationUri"] == {"Ref": alias}
    assert dev.app.one("AWS::ApiGatewayV2::Integration")["PayloadFormatVersion"] == "2.0"
    assert dev.app.one("AWS::ApiGatewayV2::Route")["RouteKey"] == "$default"
    permission = dev.app.one("AWS::Lambda::Permission", FunctionName={"Ref": alias})
    assert permission["Principal"] == "apigateway.amazonaws.com"


def test_a_request_without_the_origin_header_costs_no_invocation(dev: Deployment) -> None:
    """API Gateway refuses it itself: the header is the identity source of the authorizer, and the key of its cache."""
    [guard] = dev.app.all("AWS::ApiGatewayV2::Authorizer")
    authorizer = dev.app.one("AWS::ApiGatewayV2::Authorizer")
    assert authorizer["IdentitySource"] == ["$request.header.x-origin-verify"]
    assert (authorizer["AuthorizerType"], authorizer["AuthorizerResultTtlInSeconds"]) == ("REQUEST", 3_600)
    assert (authorizer["AuthorizerPayloadFormatVersion"], authorizer["EnableSimpleResponses"]) == ("2.0", True)
    for route in dev.app.properties("AWS::ApiGatewayV2::Route"):
        assert (route["AuthorizationType"], route["AuthorizerId"]) == ("CUSTOM", {"Ref": guard})


def test_the_guard_reads_the_origin_secret_and_nothing_else(dev: Deployment) -> None:
    [guard] = [each for each in dev.app.properties(FUNCTION) if each.get("Handler") == "infra.authorizer.main.handler"]
    assert guard["Environment"]["Variables"]["ORIGIN_SECRET_ARN"]["Ref"].startswith("SecretsOrigin")
    assert dev.app.actions("ApiGuardRole") == {
        "logs:CreateLogStream", "logs:PutLogEvents", "secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret",
    }  # fmt: skip
    # The image contains the whole repository.
    assets = [each for each in dev.folder.glob("asset.*") if not (each / "Dockerfile").exists()]
    code = [each / "infra/authorizer" for each in assets if (each / "infra/authorizer").exists()]
    assert [sorted(file.name for file in folder.iterdir()) for folder in code] == [["__init__.py", "main.py"]]


@pytest.mark.parametrize("given", ["bootstrap_qualifier", "@aws-cdk/core:bootstrapQualifier"])
def test_an_account_that_was_bootstrapped_with_a_qualifier_is_deployed_to_by_it(tmp_path: Path, given: str) -> None:
    """The qualifier names the roles, the bucket and the image repository that releases read."""
    code, errors = synthesise(tmp_path, {"stage": "dev", given: "films"})
    assert code == 0, errors
    written = "".join(each.read_text() for each in tmp_path.glob("*.json"))
    assert "cdk-films-container-assets-${AWS::AccountId}" in written
    assert "/cdk-bootstrap/films/version" in written
    assert "hnb659fds" not in written


def test_the_default_stage_is_throttled_and_writes_json(dev: Deployment) -> None:
    stage = dev.app.one("AWS::ApiGatewayV2::Stage")
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 100, "ThrottlingRateLimit": 50}
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert {"$context.requestId", "$context.status", "$context.responseLatency"} <= set(logged.values())


def test_the_access_log_has_no_address_path_or_query(dev: Deployment) -> None:
    written = dev.app.one("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"]
    assert not [part for part in ("sourceIp", "path", "userAgent", "queryString") if part.lower() in written.lower()]


def test_concurrency_is_reserved_only_where_it_is_set(dev: Deployment, domain: Deployment) -> None:
    assert "ReservedConcurrentExecutions" not in function(dev)
    assert function(domain)["ReservedConcurrentExecutions"] == 40


def test_log_groups_are_retained_as_the_stage_says(dev: Deployment, prod: Deployment) -> None:
    for made, days in ((dev, 30), (prod, 90)):
        groups = made.app.properties("AWS::Logs::LogGroup")
        assert {each["RetentionInDays"] for each in groups} == {days}
        assert "Ref" in function(made)["LoggingConfig"]["LogGroup"]


def test_the_function_logs_json(dev: Deployment) -> None:
    logging = function(dev)["LoggingConfig"]
    assert logging["LogFormat"] == "JSON"
    assert "ApplicationLogLevel" not in logging


def test_the_environment_names_secrets_and_holds_none(dev: Deployment) -> None:
    variables = function(dev)["Environment"]["Variables"]
    assert variables["ORIGIN_SECRET_ARN"]["Ref"].startswith("SecretsOrigin")
    assert variables["API_KEY_PEPPER_ARN"]["Ref"].startswith("SecretsPepper")
    assert "resolve:secretsmanager" not in text_of(variables)
    assert variables["API_KEYS"] == "on"


def test_the_environment_names_three_different_tables(dev: Deployment) -> None:
    variables = function(dev)["Environment"]["Variables"]
    tables = [variables[f"DDB_{name}_TABLE"]["Ref"] for name in ("USERS", "EVENTS", "CACHE")]
    assert [name.rstrip("0123456789ABCDEF") for name in tables] == ["DataUsers", "DataEvents", "DataRecCache"]


def test_the_demo_page_is_off_in_prod(dev: Deployment, prod: Deployment) -> None:
    assert function(dev)["Environment"]["Variables"]["DEMO_PAGE"] == "on"
    assert function(prod)["Environment"]["Variables"]["DEMO_PAGE"] == "off"


def test_the_function_reads_its_two_secrets_and_no_other(dev: Deployment) -> None:
    reads = [each for each in dev.app.statements("ApiRole") if "secretsmanager:GetSecretValue" in each["Action"]]
    named = sorted(resource["Ref"] for each in reads for resource in _listed(each["Resource"]))
    assert [name.rstrip("0123456789ABCDEF") for name in named] == list(SECRETS)


def test_x_ray_is_allowed_only_where_traces_are_sent(dev: Deployment, domain: Deployment, fargate: Deployment) -> None:
    traced = function(domain)["Environment"]["Variables"]["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert traced == "https://xray.eu-west-1.amazonaws.com"
    assert {"xray:PutTraceSegments", "xray:PutTelemetryRecords"} <= domain.app.actions("ApiRole")
    for made in (dev, fargate):
        assert not [each for each in ("xray:", "OTEL_", "TracingConfig") if each in text_of(made.app.document)]
    # The service sends its own spans; Lambda's segment would be billed as well.
    assert "TracingConfig" not in text_of(domain.app.document)


def test_cloudfront_takes_https_only_and_caches_nothing(dev: Deployment) -> None:
    behaviour = distribution(dev)["DefaultCacheBehavior"]
    assert behaviour["ViewerProtocolPolicy"] == "https-only"
    assert "POST" in behaviour["AllowedMethods"]
    assert "DELETE" in behaviour["AllowedMethods"]
    # The ids of AWS's managed policies: CachingDisabled, AllViewerExceptHostHeader.
    assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert behaviour["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"


def test_no_log_and_no_sampled_request_reveals_a_request(dev: Deployment, fargate: Deployment) -> None:
    assert "Logging" not in distribution(dev)
    assert dev.edge is not None
    for template in (dev.edge, fargate.app):
        protected = template.one("AWS::WAFv2::WebACL")["DataProtectionConfig"]["DataProtections"]
        assert [(each["Field"], each["Action"]) for each in protected] == [
            ({"FieldType": "SINGLE_HEADER", "FieldKeys": ["x-api-key"]}, "SUBSTITUTION"),
            ({"FieldType": "QUERY_STRING"}, "SUBSTITUTION"),
        ]


def test_cloudfront_caches_no_errors(dev: Deployment) -> None:
    responses = {response["ErrorCode"]: response for response in distribution(dev)["CustomErrorResponses"]}
    assert {400, 403, 404, 500, 502, 503, 504} <= set(responses)
    assert all(response == {"ErrorCode": code, "ErrorCachingMinTTL": 0} for code, response in responses.items())


def test_cloudfront_sends_the_http_api_the_origin_secret_over_tls(dev: Deployment) -> None:
    [origin] = distribution(dev)["Origins"]
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]
    [header] = origin["OriginCustomHeaders"]
    assert header["HeaderName"] == "x-origin-verify"
    assert "{{resolve:secretsmanager:" in text_of(header["HeaderValue"])
    assert "SecretsOrigin" in text_of(header["HeaderValue"])
    assert "execute-api.eu-west-1" in text_of(origin["DomainName"])


def test_a_rotated_origin_secret_is_named_by_its_version(dev: Deployment, domain: Deployment) -> None:
    [rotated] = distribution(domain)["Origins"][0]["OriginCustomHeaders"]
    assert ":v-2}}" in text_of(rotated["HeaderValue"])
    assert "v-2" not in text_of(distribution(dev))


def test_the_firewall_is_attached_to_cloudfront_across_regions(dev: Deployment) -> None:
    assert dev.edge is not None
    assert dev.edge.one("AWS::WAFv2::WebACL")["Scope"] == "CLOUDFRONT"
    [writer] = dev.edge.properties("Custom::CrossRegionExportWriter")
    assert writer["WriterProps"]["region"] == "eu-west-1"
    assert "FirewallAcl" in text_of(writer)
    reader, name = distribution(dev)["WebACLId"]["Fn::GetAtt"]
    assert dev.app.document["Resources"][reader]["Type"] == "Custom::CrossRegionExportReader"
    assert name in writer["WriterProps"]["exports"]


def test_the_app_is_in_ireland_and_its_edge_in_virginia(dev: Deployment) -> None:
    stacks = json.loads((dev.folder / "manifest.json").read_text())["artifacts"]
    assert stacks["Marquee-dev"]["environment"] == "aws://111111111111/eu-west-1"
    assert stacks["Marquee-dev-edge"]["environment"] == "aws://111111111111/us-east-1"


def test_the_firewall_has_the_managed_rules_and_a_limit_for_one_address(dev: Deployment, fargate: Deployment) -> None:
    assert dev.edge is not None
    for template in (dev.edge, fargate.app):
        rules = {each["Name"]: each for each in template.one("AWS::WAFv2::WebACL")["Rules"]}
        assert set(rules) == {
            "RatePerAddress", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet",
        }  # fmt: skip
        rate = rules["RatePerAddress"]["Statement"]["RateBasedStatement"]
        assert rate == {"AggregateKeyType": "IP", "EvaluationWindowSec": 300, "Limit": 7500}
        assert rules["RatePerAddress"]["Action"] == {"Block": {}}
        assert all(each["OverrideAction"] == {"None": {}} for name, each in rules.items() if name.startswith("AWS"))
        # A batch of feedback is larger than the 8 KB that the common rules would let through.
        counted = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
        assert counted["RuleActionOverrides"] == [{"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}]


@pytest.mark.parametrize("stage", STAGES)
def test_one_address_may_use_half_of_a_stage_s_throttle(stage: str) -> None:
    """Most callers are servers: a few addresses with many people behind each."""
    settings = load_settings({"stage": stage}, {})
    assert settings.waf_requests_per_ip == settings.throttle_rate * RATE_WINDOW_S / 2


def test_with_a_domain_there_are_a_certificate_in_virginia_and_records(domain: Deployment) -> None:
    assert domain.edge is not None
    assert domain.edge.one("AWS::CertificateManager::Certificate")["DomainName"] == "films.example.com"
    assert distribution(domain)["Aliases"] == ["films.example.com"]
    assert distribution(domain)["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert {each["Type"] for each in domain.app.properties("AWS::Route53::RecordSet")} == {"A", "AAAA"}


def test_service_settings_of_the_stage_reach_the_function(domain: Deployment, dev: Deployment) -> None:
    assert function(domain)["Environment"]["Variables"]["CORS_ORIGINS"] == "https://films.example.com"
    assert "CORS_ORIGINS" not in function(dev)["Environment"]["Variables"]


def test_the_outputs_are_ready_to_use(app: Template) -> None:
    outputs = app.document["Outputs"]
    assert {"Url", "BucketName", "UsersTable", "EventsTable", "RecCacheTable"} <= set(outputs)
    recommend = text_of(outputs["RecommendCommand"]["Value"])
    assert "curl https://" in recommend
    assert "/recommend -H 'X-API-Key: KEY'" in recommend
    assert outputs["ReleaseCommand"]["Value"] in {"make release STAGE=dev", "make release STAGE=prod"}
    assert {"ReleaseMachine", "ReleaseTable", "Deployed"} <= set(outputs)


def distribution(made: Deployment) -> dict:
    config: dict = made.app.one("AWS::CloudFront::Distribution")["DistributionConfig"]
    return config


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [value]
