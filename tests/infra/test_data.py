"""Buckets and tables: their keys and expiry, who may use them, and whether they outlive the stack."""

import pytest

from tests.infra.templates import Deployment, Template, as_list, text_of

BUCKET, TABLE = "AWS::S3::Bucket", "AWS::DynamoDB::GlobalTable"


def keys(table: dict) -> dict[str, str]:
    return {each["KeyType"]: each["AttributeName"] for each in table["KeySchema"]}


def test_every_bucket_has_a_lifecycle_rule(app: Template) -> None:
    buckets = app.properties(BUCKET)
    assert len(buckets) == 3
    assert all(each["LifecycleConfiguration"]["Rules"] for each in buckets)


@pytest.mark.parametrize(("stage", "days"), [("dev", 7), ("prod", 90)])
def test_the_data_bucket_is_versioned_logged_and_expires_old_versions(
    request: pytest.FixtureRequest, stage: str, days: int
) -> None:
    made: Deployment = request.getfixturevalue(stage)
    [bucket] = [each for each in made.app.properties(BUCKET) if "VersioningConfiguration" in each]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["LoggingConfiguration"]["LogFilePrefix"] == "s3/data/"
    [rule] = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": days}


def test_the_tables_have_the_keys_of_the_adapter_and_only_the_cache_expires(app: Template) -> None:
    tables = app.properties(TABLE)
    assert sorted(map(tuple, (keys(each).values() for each in tables))) == [
        ("id",), ("pk", "sk"), ("user_id",), ("user_id", "sk"),
    ]  # fmt: skip
    expiring = {keys(each)["HASH"]: each["TimeToLiveSpecification"]["AttributeName"] for each in tables
                if "TimeToLiveSpecification" in each}  # fmt: skip
    assert expiring == {"pk": "expires_at", "id": "until"}


def test_the_tables_are_billed_on_demand(app: Template) -> None:
    assert {table["BillingMode"] for table in app.properties(TABLE)} == {"PAY_PER_REQUEST"}


@pytest.mark.parametrize("kind", [BUCKET, TABLE, "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup", "AWS::KMS::Key"])
def test_dev_leaves_nothing(dev: Deployment, kind: str) -> None:
    assert {each["DeletionPolicy"] for each in dev.app.all(kind).values()} == {"Delete"}


def test_nothing_at_all_is_retained_in_dev(dev: Deployment, fargate: Deployment) -> None:
    for made in (dev, fargate):
        retained = [name for name, each in made.app.document["Resources"].items()
                    if each.get("DeletionPolicy", "Delete") != "Delete"]  # fmt: skip
        assert retained == []


def test_what_is_not_empty_is_emptied_in_dev(dev: Deployment) -> None:
    assert len(dev.app.all("Custom::S3AutoDeleteObjects")) == len(dev.app.all(BUCKET))
    assert dev.app.one("AWS::ECR::Repository")["EmptyOnDelete"] is True
    assert dev.app.one("AWS::Synthetics::Canary")["ProvisionedResourceCleanup"] == "AUTOMATIC"


def test_prod_retains_people_data_and_secrets_and_protects_its_tables(prod: Deployment) -> None:
    for kind in ("AWS::SecretsManager::Secret", "AWS::Logs::LogGroup", "AWS::ECR::Repository"):
        assert {each["DeletionPolicy"] for each in prod.app.all(kind).values()} == {"Retain"}, kind
    retained = {name: each for name, each in prod.app.all(TABLE).items() if name.startswith("Data")}
    assert len(retained) == 3
    for table in retained.values():
        assert table["DeletionPolicy"] == "Retain"
        assert all(replica["DeletionProtectionEnabled"] for replica in table["Properties"]["Replicas"])
    retained = [name for name, each in prod.app.all(BUCKET).items() if each["DeletionPolicy"] == "Retain"]
    assert len(retained) == 2


def test_only_prod_has_termination_protection(dev: Deployment, prod: Deployment) -> None:
    assert '"terminationProtection": true' in (prod.folder / "manifest.json").read_text()
    assert '"terminationProtection": true' not in (dev.folder / "manifest.json").read_text()


def test_a_request_may_change_items_but_neither_scan_nor_change_tables(app: Template) -> None:
    actions = {each for each in app.actions("ApiRole") if each.startswith("dynamodb:")}
    assert {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"} <= actions
    assert not actions & {"dynamodb:Scan", "dynamodb:DeleteTable", "dynamodb:UpdateTable", "dynamodb:*"}


def test_a_function_does_not_reach_the_bucket_and_a_server_reads_bundles_only(
    dev: Deployment, fargate: Deployment
) -> None:
    assert not {each for each in dev.app.actions("ApiRole") if each.startswith("s3:")}
    assert {each for each in fargate.app.actions("ApiRole") if each.startswith("s3:")} == {
        "s3:GetObject", "s3:ListBucket",
    }  # fmt: skip
    [read] = [each for each in fargate.app.statements("ApiRole") if each["Action"] == "s3:GetObject"]
    assert "bundles/*" in text_of(read)
    assert "raw/" not in text_of(read)


def test_a_request_reaches_no_other_tables(app: Template) -> None:
    for statement in app.statements("ApiRole"):
        if any(action.startswith("dynamodb:") for action in as_list(statement["Action"])):
            assert "*" not in as_list(statement["Resource"])


def test_the_job_scans_only_the_events_and_writes_no_raw_data(app: Template) -> None:
    scans = [each for each in app.statements("JobsRole") if "dynamodb:Scan" in as_list(each["Action"])]
    assert len(scans) == 1
    assert "DataEvents" in text_of(scans[0]["Resource"])
    writes = [each for each in app.statements("JobsRole") if "s3:PutObject" in as_list(each["Action"])]
    assert "raw/" not in text_of(writes)
    assert "bundles/*" in text_of(writes)
