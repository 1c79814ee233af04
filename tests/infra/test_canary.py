"""The canary as it is deployed."""

from tests.infra.canary_kit import CODE
from tests.infra.templates import Deployment, Template, as_list, text_of


def test_it_runs_every_five_minutes_on_the_named_runtime(app: Template) -> None:
    canary = app.one("AWS::Synthetics::Canary")
    assert canary["Schedule"]["Expression"] == "rate(5 minutes)"
    assert canary["RuntimeVersion"] == "syn-nodejs-5.2"
    assert canary["Code"]["Handler"] == "canary.handler"
    assert canary["StartCanaryAfterCreation"] is True


def test_the_tested_code_is_deployed(dev: Deployment) -> None:
    [deployed] = dev.folder.glob("asset.*/canary.js")
    assert deployed.read_bytes() == CODE.read_bytes()


def test_it_is_shallow_by_default_and_requests_twenty_films(dev: Deployment, domain: Deployment) -> None:
    shallow, deep = (
        made.app.one("AWS::Synthetics::Canary")["RunConfig"]["EnvironmentVariables"] for made in (dev, domain)
    )
    assert (shallow["DEEP"], shallow["PERSON"], shallow["ITEMS"]) == ("off", "canary", "20")
    assert (deep["DEEP"], deep["PERSON"]) == ("on", "sim-0001")
    assert shallow["KEY_SECRET_ARN"]["Ref"].startswith("SecretsCanaryKey")
    assert "https://" in text_of(shallow["API_URL"])


def test_it_writes_reports_into_a_bucket_of_its_own(app: Template) -> None:
    assert "CanaryReports" in text_of(app.one("AWS::Synthetics::Canary")["ArtifactS3Location"])
    [statement] = [each for each in app.statements("CanaryRole") if "s3:PutObject" in as_list(each["Action"])]
    assert "CanaryReports" in text_of(statement["Resource"])


def test_its_role_may_do_what_canaries_need_and_read_its_key(app: Template) -> None:
    assert app.actions("CanaryRole") == {
        "cloudwatch:PutMetricData", "logs:CreateLogStream", "logs:PutLogEvents",
        "s3:GetBucketLocation", "s3:ListAllMyBuckets", "s3:PutObject", "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
    }  # fmt: skip
    everywhere = [each for each in app.statements("CanaryRole") if each["Resource"] == "*"]
    assert {as_list(each["Action"])[0] for each in everywhere} == {"s3:ListAllMyBuckets", "cloudwatch:PutMetricData"}


def test_its_log_group_belongs_to_the_stack(app: Template) -> None:
    [(canary, _)] = app.all("AWS::Synthetics::Canary").items()
    [group] = [each for name, each in app.all("AWS::Logs::LogGroup").items() if name.startswith("CanaryLogs")]
    name = app.one("AWS::Synthetics::Canary")["Name"]
    assert group["Properties"]["LogGroupName"] == {
        "Fn::Join": ["", [f"/aws/lambda/cwsyn-{name}-", {"Fn::GetAtt": [canary, "Id"]}]]
    }
