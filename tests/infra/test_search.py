"""One collection with hybrid search in it, made after what it needs, open to two roles only."""

import json

import pytest

from infra.settings import STAGES
from services.adapters.search.opensearch.index import IndexNote, index_body
from services.adapters.search.opensearch.target import Target
from services.settings import load_settings
from tests.builders import make_bundle
from tests.infra.templates import Deployment, Template, synthesise, text_of

AOSS = "AWS::OpenSearchServerless::"


def access(template: Template, name: str) -> dict:
    """A data access policy with references in place of ARNs."""
    [policy] = [each["Policy"] for each in template.properties(f"{AOSS}AccessPolicy") if each["Name"].endswith(name)]
    parts = policy["Fn::Join"][1]
    [rules] = json.loads("".join(part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in parts))
    return rules


def test_the_group_is_of_the_next_generation_with_the_capacity_of_its_stage(dev: Deployment, prod: Deployment) -> None:
    for stage, made in (("dev", dev), ("prod", prod)):
        group = made.app.one(f"{AOSS}CollectionGroup")
        assert group["Generation"] == "NEXTGEN"
        assert group["CapacityLimits"] == {
            "MinSearchCapacityInOcu": STAGES[stage]["search_ocu_min"],
            "MaxSearchCapacityInOcu": STAGES[stage]["search_ocu_max"],
            "MinIndexingCapacityInOcu": 0,
            "MaxIndexingCapacityInOcu": STAGES[stage]["indexing_ocu_max"],
        }


def test_dev_costs_nothing_while_nobody_searches(dev: Deployment) -> None:
    limits = dev.app.one(f"{AOSS}CollectionGroup")["CapacityLimits"]
    assert (limits["MinSearchCapacityInOcu"], limits["MinIndexingCapacityInOcu"]) == (0, 0)


def test_the_collection_is_for_vectors_and_in_the_group(app: Template) -> None:
    collection = app.one(f"{AOSS}Collection")
    assert collection["Type"] == "VECTORSEARCH"
    assert collection["CollectionGroupName"] == app.one(f"{AOSS}CollectionGroup")["Name"]
    assert 3 <= len(collection["Name"]) <= 32


def test_the_collection_comes_after_its_policies_and_group_and_before_access(app: Template) -> None:
    [(collection_id, collection)] = app.all(f"{AOSS}Collection").items()
    needed = {*app.all(f"{AOSS}SecurityPolicy"), *app.all(f"{AOSS}CollectionGroup")}
    assert needed <= set(collection["DependsOn"])
    for each in app.all(f"{AOSS}AccessPolicy").values():
        assert collection_id in each["DependsOn"]


def test_encryption_and_network_policies_are_for_this_collection(app: Template) -> None:
    name = app.one(f"{AOSS}Collection")["Name"]
    encryption = json.loads(app.one(f"{AOSS}SecurityPolicy", Type="encryption")["Policy"])
    assert encryption == {"Rules": [{"ResourceType": "collection", "Resource": [f"collection/{name}"]}],
                          "AWSOwnedKey": True}  # fmt: skip
    [network] = json.loads(app.one(f"{AOSS}SecurityPolicy", Type="network")["Policy"])
    assert network["Rules"] == [{"ResourceType": "collection", "Resource": [f"collection/{name}"]}]


def test_requests_may_read_and_nothing_else(app: Template) -> None:
    rules = access(app, "serving")
    assert rules["Rules"] == [{
        "ResourceType": "index",
        "Resource": [f"index/{app.one(f'{AOSS}Collection')['Name']}/films*"],
        "Permission": ["aoss:ReadDocument", "aoss:DescribeIndex"],
    }]  # fmt: skip
    [principal] = rules["Principal"]
    assert principal.startswith("ApiRole")


def test_the_job_may_make_fill_and_remove_indexes(app: Template) -> None:
    rules = access(app, "indexing")
    assert set(rules["Rules"][0]["Permission"]) == {
        "aoss:ReadDocument", "aoss:DescribeIndex", "aoss:CreateIndex", "aoss:UpdateIndex", "aoss:WriteDocument",
        "aoss:DeleteIndex",
    }  # fmt: skip
    [principal] = rules["Principal"]
    assert principal.startswith("JobsRole")


def test_both_roles_have_the_one_action_on_the_one_collection(app: Template) -> None:
    [collection] = app.all(f"{AOSS}Collection")
    for role in ("ApiRole", "JobsRole"):
        found = [each for each in app.statements(role) if each["Action"] == "aoss:APIAccessAll"]
        assert [each["Resource"] for each in found] == [{"Fn::GetAtt": [collection, "Arn"]}]


def test_the_service_is_told_the_endpoint_that_aws_gives(dev: Deployment) -> None:
    variables = dev.app.one("AWS::Lambda::Function", PackageType="Image")["Environment"]["Variables"]
    assert "CollectionEndpoint" in text_of(variables["OPENSEARCH_ENDPOINT"])
    assert (variables["OPENSEARCH_INDEX"], variables["OPENSEARCH_AUTH"]) == ("films", "aoss")


def searching(template: Template) -> dict[str, dict[str, object]]:
    """The environment of whatever is told of an OpenSearch, by the type of resource."""
    found: dict[str, dict[str, object]] = {}
    for function in template.properties("AWS::Lambda::Function"):
        found["function"] = found.get("function", {}) | function.get("Environment", {}).get("Variables", {})
    for project in template.properties("AWS::CodeBuild::Project"):
        listed = project["Environment"]["EnvironmentVariables"]
        found["job"] = {each["Name"]: each["Value"] for each in listed}
    for task in template.properties("AWS::ECS::TaskDefinition"):
        for container in task["ContainerDefinitions"]:
            found["task"] = {each["Name"]: each["Value"] for each in container["Environment"]}
    return {kind: each for kind, each in found.items() if "OPENSEARCH_ENDPOINT" in each}


def target_of(environment: dict[str, object]) -> Target:
    """The target that the service makes of it; the endpoint is known to AWS only."""
    given = {name.lower(): value for name, value in environment.items() if name.startswith("OPENSEARCH_")}
    endpoint = "https://name-that-tells-nothing.example"
    target = load_settings(**given | {"opensearch_endpoint": endpoint, "aws_region": "eu-west-1"}).opensearch
    assert target is not None
    return target


def test_whatever_searches_or_indexes_is_told_the_generation_of_the_collection(
    dev: Deployment, prod: Deployment, fargate: Deployment, classic: Template
) -> None:
    for template, serving in (
        (dev.app, "function"), (prod.app, "function"), (fargate.app, "task"), (classic, "function"),
    ):  # fmt: skip
        generation = template.one(f"{AOSS}CollectionGroup")["Generation"]
        told = searching(template)
        assert set(told) == {serving, "job"}
        assert {target_of(each).kind for each in told.values()} == {generation.lower()}


def test_the_job_makes_mappings_that_the_collection_takes(dev: Deployment, classic: Template) -> None:
    bundle = make_bundle(films=20, outside=2)
    for template, engine in ((dev.app, None), (classic, "faiss")):
        target = target_of(searching(template)["job"])
        body = index_body(target, IndexNote.of(bundle, target, 5))
        field = body["mappings"]["properties"]["embedding"]
        assert field["method"].get("engine") == engine
        assert "mode" not in field


def test_without_opensearch_the_service_is_told_of_none_and_the_collection_may_sleep(tmp_path) -> None:
    code, told = synthesise(tmp_path, {"stage": "prod", "search": "embedded"}, account="")
    assert code == 0, told
    made = Template(json.loads((tmp_path / "Marquee-prod.template.json").read_text()))
    variables = made.one("AWS::Lambda::Function", PackageType="Image")["Environment"]["Variables"]
    assert not [name for name in variables if name.startswith("OPENSEARCH_")]
    assert made.one(f"{AOSS}CollectionGroup")["CapacityLimits"]["MinSearchCapacityInOcu"] == 0


@pytest.fixture(scope="module")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The app stack with a collection of the first generation."""
    folder = tmp_path_factory.mktemp("classic")
    code, told = synthesise(folder, {"stage": "dev", "classic_search": "true"}, account="")
    assert code == 0, told
    return Template(json.loads((folder / "Marquee-dev.template.json").read_text()))


def test_classic_collections_never_fall_asleep(classic: Template) -> None:
    group = classic.one(f"{AOSS}CollectionGroup")
    assert (group["Generation"], group["StandbyReplicas"]) == ("CLASSIC", "DISABLED")
    assert group["CapacityLimits"]["MinSearchCapacityInOcu"] == 2
