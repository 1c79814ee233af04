"""One collection with hybrid search in it, made after what it needs, open to two roles only."""

import json

import pytest

from infra.settings import load_settings as deployment_settings
from infra.variants import VARIANTS
from services.adapters.search.opensearch.index import IndexNote, index_body
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.settings import load_settings
from tests.builders import make_bundle
from tests.infra.templates import Deployment, Template, text_of

AOSS = "AWS::OpenSearchServerless::"


def access(template: Template, name: str) -> dict:
    """A data access policy with references in place of ARNs."""
    [policy] = [each["Policy"] for each in template.properties(f"{AOSS}AccessPolicy") if each["Name"].endswith(name)]
    parts = policy["Fn::Join"][1]
    [rules] = json.loads("".join(part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in parts))
    return rules


@pytest.mark.parametrize("name", ["prod", "fargate", "domain"])
def test_the_group_is_of_the_next_generation_with_the_capacity_of_its_stage(
    request: pytest.FixtureRequest, name: str
) -> None:
    group = request.getfixturevalue(name).app.one(f"{AOSS}CollectionGroup")
    asked = deployment_settings(VARIANTS[name], {})
    assert group["Generation"] == "NEXTGEN"
    assert group["CapacityLimits"] == {
        "MinSearchCapacityInOcu": 2 if asked.stage == "prod" else 0,
        "MaxSearchCapacityInOcu": asked.search_ocu_max,
        "MinIndexingCapacityInOcu": 0,
        "MaxIndexingCapacityInOcu": asked.indexing_ocu_max,
    }


def test_a_collection_of_another_generation_has_another_name_so_that_it_can_take_the_place(
    prod: Deployment, classic: Deployment
) -> None:
    for made, kind in ((prod, "nextgen"), (classic, "classic")):
        named = {each["Name"] for each in made.app.properties(f"{AOSS}Collection")}
        named |= {each["Name"] for each in made.app.properties(f"{AOSS}CollectionGroup")}
        assert all(name.endswith(f"-{kind}") for name in named)
        policies = made.app.properties(f"{AOSS}SecurityPolicy") + made.app.properties(f"{AOSS}AccessPolicy")
        assert all(f"-{kind}" in each["Name"] and len(each["Name"]) <= 32 for each in policies)


def test_no_tag_is_on_a_collection_because_it_could_never_be_changed(searching: Template) -> None:
    assert "Tags" not in searching.one(f"{AOSS}Collection")


def test_a_collection_goes_with_its_policies(searching: Template) -> None:
    """An index can be loaded again; a collection that nobody reaches would only cost."""
    for kind in ("Collection", "CollectionGroup", "AccessPolicy", "SecurityPolicy"):
        assert all(each.get("DeletionPolicy") != "Retain" for each in searching.all(f"{AOSS}{kind}").values())


def test_the_collection_is_for_vectors_and_in_the_group(searching: Template) -> None:
    collection = searching.one(f"{AOSS}Collection")
    assert collection["Type"] == "VECTORSEARCH"
    assert collection["CollectionGroupName"] == searching.one(f"{AOSS}CollectionGroup")["Name"]
    assert 3 <= len(collection["Name"]) <= 32


def test_the_collection_comes_after_its_policies_and_group_and_before_access(searching: Template) -> None:
    [(collection_id, collection)] = searching.all(f"{AOSS}Collection").items()
    needed = {*searching.all(f"{AOSS}SecurityPolicy"), *searching.all(f"{AOSS}CollectionGroup")}
    assert needed <= set(collection["DependsOn"])
    for each in searching.all(f"{AOSS}AccessPolicy").values():
        assert collection_id in each["DependsOn"]


def test_encryption_and_network_policies_are_for_this_collection(searching: Template) -> None:
    name = searching.one(f"{AOSS}Collection")["Name"]
    encryption = json.loads(searching.one(f"{AOSS}SecurityPolicy", Type="encryption")["Policy"])
    assert encryption == {"Rules": [{"ResourceType": "collection", "Resource": [f"collection/{name}"]}],
                          "AWSOwnedKey": True}  # fmt: skip
    [network] = json.loads(searching.one(f"{AOSS}SecurityPolicy", Type="network")["Policy"])
    assert network["Rules"] == [{"ResourceType": "collection", "Resource": [f"collection/{name}"]}]


def test_requests_may_read_and_nothing_else(searching: Template) -> None:
    rules = access(searching, "serving")
    assert rules["Rules"] == [{
        "ResourceType": "index",
        "Resource": [f"index/{searching.one(f'{AOSS}Collection')['Name']}/films*"],
        "Permission": ["aoss:ReadDocument", "aoss:DescribeIndex"],
    }]  # fmt: skip
    [principal] = rules["Principal"]
    assert principal.startswith("ApiRole")


def test_the_job_may_make_fill_and_remove_indexes(searching: Template) -> None:
    rules = access(searching, "indexing")
    assert set(rules["Rules"][0]["Permission"]) == {
        "aoss:ReadDocument", "aoss:DescribeIndex", "aoss:CreateIndex", "aoss:UpdateIndex", "aoss:WriteDocument",
        "aoss:DeleteIndex",
    }  # fmt: skip
    [principal] = rules["Principal"]
    assert principal.startswith("JobsRole")


def test_both_roles_have_the_one_action_on_the_one_collection(searching: Template) -> None:
    [collection] = searching.all(f"{AOSS}Collection")
    for role in ("ApiRole", "JobsRole"):
        found = [each for each in searching.statements(role) if each["Action"] == "aoss:APIAccessAll"]
        assert [each["Resource"] for each in found] == [{"Fn::GetAtt": [collection, "Arn"]}]


def test_the_service_is_told_the_endpoint_that_aws_gives(prod: Deployment) -> None:
    variables = prod.app.one("AWS::Lambda::Function", PackageType="Image")["Environment"]["Variables"]
    assert "CollectionEndpoint" in text_of(variables["OPENSEARCH_ENDPOINT"])
    assert (variables["OPENSEARCH_INDEX"], variables["OPENSEARCH_AUTH"]) == ("films", "aoss")


def told_of(template: Template) -> dict[str, dict[str, object]]:
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


def target_of(environment: dict[str, object]) -> OpenSearchTarget:
    """The target that the service makes of it; the endpoint is known to AWS only."""
    given = {name.lower(): value for name, value in environment.items() if name.startswith("OPENSEARCH_")}
    endpoint = "https://name-that-tells-nothing.example"
    target = load_settings(**given | {"opensearch_endpoint": endpoint, "aws_region": "eu-west-1"}).opensearch
    assert target is not None
    return target


def test_whatever_searches_or_indexes_is_told_the_generation_of_the_collection(
    prod: Deployment, fargate: Deployment, classic: Deployment
) -> None:
    for template, serving in ((prod.app, "function"), (fargate.app, "task"), (classic.app, "function")):
        generation = template.one(f"{AOSS}CollectionGroup")["Generation"]
        told = told_of(template)
        assert set(told) == {serving, "job"}
        assert {target_of(each).kind for each in told.values()} == {generation.lower()}


def test_the_job_makes_mappings_that_the_collection_takes(prod: Deployment, classic: Deployment) -> None:
    bundle = make_bundle(films=20, outside=2)
    for template, engine in ((prod.app, None), (classic.app, "faiss")):
        target = target_of(told_of(template)["job"])
        body = index_body(target, IndexNote.of(bundle, target, 5))
        field = body["mappings"]["properties"]["embedding"]
        assert field["method"].get("engine") == engine
        assert "mode" not in field


@pytest.mark.parametrize("name", ["dev", "embedded"])
def test_without_opensearch_there_is_no_collection_and_nobody_is_told_of_one(
    request: pytest.FixtureRequest, name: str
) -> None:
    made: Template = request.getfixturevalue(name).app
    assert not [each["Type"] for each in made.document["Resources"].values() if each["Type"].startswith(AOSS)]
    assert told_of(made) == {}
    assert "aoss" not in text_of(made.document)
    assert "SearchEndpoint" not in made.document["Outputs"]


def test_classic_collections_never_fall_asleep(classic: Deployment) -> None:
    group = classic.app.one(f"{AOSS}CollectionGroup")
    assert (group["Generation"], group["StandbyReplicas"]) == ("CLASSIC", "DISABLED")
    assert group["CapacityLimits"]["MinSearchCapacityInOcu"] == 2
