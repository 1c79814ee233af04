"""One collection for hybrid search, created after its dependencies and accessible to two roles only."""

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
    settings = deployment_settings(VARIANTS[name], {})
    assert group["Generation"] == "NEXTGEN"
    assert group["CapacityLimits"] == {
        "MinSearchCapacityInOcu": 2 if settings.stage == "prod" else 0,
        "MaxSearchCapacityInOcu": settings.search_ocu_max,
        "MinIndexingCapacityInOcu": 0,
        "MaxIndexingCapacityInOcu": settings.indexing_ocu_max,
    }


def test_collections_of_different_generations_have_different_names(prod: Deployment, classic: Deployment) -> None:
    for made, kind in ((prod, "nextgen"), (classic, "classic")):
        names = {each["Name"] for each in made.app.properties(f"{AOSS}Collection")}
        names |= {each["Name"] for each in made.app.properties(f"{AOSS}CollectionGroup")}
        assert all(name.endswith(f"-{kind}") for name in names)
        policies = made.app.properties(f"{AOSS}SecurityPolicy") + made.app.properties(f"{AOSS}AccessPolicy")
        assert all(f"-{kind}" in each["Name"] and len(each["Name"]) <= 32 for each in policies)


def test_a_collection_has_no_tags_because_they_cannot_be_changed(searching: Template) -> None:
    assert "Tags" not in searching.one(f"{AOSS}Collection")


def test_a_collection_is_deleted_with_its_policies(searching: Template) -> None:
    """An index can be loaded again; a collection without access policies would only cost money."""
    for kind in ("Collection", "CollectionGroup", "AccessPolicy", "SecurityPolicy"):
        assert all(each.get("DeletionPolicy") != "Retain" for each in searching.all(f"{AOSS}{kind}").values())


def test_the_collection_is_for_vectors_and_in_the_group(searching: Template) -> None:
    collection = searching.one(f"{AOSS}Collection")
    assert collection["Type"] == "VECTORSEARCH"
    assert collection["CollectionGroupName"] == searching.one(f"{AOSS}CollectionGroup")["Name"]
    assert 3 <= len(collection["Name"]) <= 32


def test_the_collection_comes_after_its_policies_and_group_and_before_access(searching: Template) -> None:
    [(collection_id, collection)] = searching.all(f"{AOSS}Collection").items()
    dependencies = {*searching.all(f"{AOSS}SecurityPolicy"), *searching.all(f"{AOSS}CollectionGroup")}
    assert dependencies <= set(collection["DependsOn"])
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
        statements = [each for each in searching.statements(role) if each["Action"] == "aoss:APIAccessAll"]
        assert [each["Resource"] for each in statements] == [{"Fn::GetAtt": [collection, "Arn"]}]


def test_the_service_gets_the_endpoint_attribute_of_the_collection(prod: Deployment) -> None:
    variables = prod.app.one("AWS::Lambda::Function", PackageType="Image")["Environment"]["Variables"]
    assert "CollectionEndpoint" in text_of(variables["OPENSEARCH_ENDPOINT"])
    assert (variables["OPENSEARCH_INDEX"], variables["OPENSEARCH_AUTH"]) == ("films", "aoss")


def environments(template: Template) -> dict[str, dict[str, object]]:
    """The environments with an OpenSearch endpoint, by the type of resource."""
    variables: dict[str, dict[str, object]] = {}
    for function in template.properties("AWS::Lambda::Function"):
        variables["function"] = variables.get("function", {}) | function.get("Environment", {}).get("Variables", {})
    for project in template.properties("AWS::CodeBuild::Project"):
        listed = project["Environment"]["EnvironmentVariables"]
        variables["job"] = {each["Name"]: each["Value"] for each in listed}
    for task in template.properties("AWS::ECS::TaskDefinition"):
        for container in task["ContainerDefinitions"]:
            variables["task"] = {each["Name"]: each["Value"] for each in container["Environment"]}
    return {kind: each for kind, each in variables.items() if "OPENSEARCH_ENDPOINT" in each}


def target_of(environment: dict[str, object]) -> OpenSearchTarget:
    """The target that the service derives from it; only AWS knows the endpoint."""
    settings = {name.lower(): value for name, value in environment.items() if name.startswith("OPENSEARCH_")}
    endpoint = "https://name-that-tells-nothing.example"
    target = load_settings(**settings | {"opensearch_endpoint": endpoint, "aws_region": "eu-west-1"}).opensearch
    assert target is not None
    return target


def test_searching_and_indexing_get_the_generation_of_the_collection(
    prod: Deployment, fargate: Deployment, classic: Deployment
) -> None:
    for template, serving in ((prod.app, "function"), (fargate.app, "task"), (classic.app, "function")):
        generation = template.one(f"{AOSS}CollectionGroup")["Generation"]
        by_kind = environments(template)
        assert set(by_kind) == {serving, "job"}
        assert {target_of(each).kind for each in by_kind.values()} == {generation.lower()}


def test_the_job_creates_mappings_that_the_collection_accepts(prod: Deployment, classic: Deployment) -> None:
    bundle = make_bundle(films=20, outside=2)
    for template, engine in ((prod.app, None), (classic.app, "faiss")):
        target = target_of(environments(template)["job"])
        body = index_body(target, IndexNote.of(bundle, target, 5))
        field = body["mappings"]["properties"]["embedding"]
        assert field["method"].get("engine") == engine
        assert "mode" not in field


@pytest.mark.parametrize("name", ["dev", "embedded"])
def test_without_opensearch_there_is_no_collection_and_no_variable(request: pytest.FixtureRequest, name: str) -> None:
    made: Template = request.getfixturevalue(name).app
    assert not [each["Type"] for each in made.document["Resources"].values() if each["Type"].startswith(AOSS)]
    assert environments(made) == {}
    assert "aoss" not in text_of(made.document)
    assert "SearchEndpoint" not in made.document["Outputs"]


def test_classic_collections_never_scale_to_zero(classic: Deployment) -> None:
    group = classic.app.one(f"{AOSS}CollectionGroup")
    assert (group["Generation"], group["StandbyReplicas"]) == ("CLASSIC", "DISABLED")
    assert group["CapacityLimits"]["MinSearchCapacityInOcu"] == 2
