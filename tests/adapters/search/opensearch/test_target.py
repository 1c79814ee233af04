"""The OpenSearch target: its kind, index names, signing and region."""

import pytest

from services.adapters.search.opensearch.target import OpenSearchTarget, kind_of

SERVER = "https://search.example"
CLASSIC = "https://abc123.eu-west-1.aoss.amazonaws.com"
NEXTGEN = "https://abc123.aoss.ap-south-1.on.aws"


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [
        ("http://127.0.0.1:9200", "server"),
        (SERVER, "server"),
        ("https://vpc-films-abc.eu-west-1.es.amazonaws.com", "server"),
        ("https://aoss.amazonaws.com.search.example", "server"),
        ("https://aoss.eu-west-1.on.aws.search.example", "server"),
        (CLASSIC, "classic"),
        (f"{CLASSIC}:443", "classic"),
        (f"{CLASSIC}/", "classic"),
        (NEXTGEN, "nextgen"),
        (f"{NEXTGEN}:443/", "nextgen"),
        ("https://111111111111.aoss.eu-west-1.on.aws", "nextgen"),
    ],
)
def test_the_host_name_determines_the_kind(endpoint, kind):
    assert kind_of(endpoint) == kind


@pytest.mark.parametrize(
    ("endpoint", "kind", "auth", "region", "signs", "signed_for"),
    [
        ("http://127.0.0.1:9200", "server", "auto", None, False, None),
        (SERVER, "server", "auto", "eu-west-1", False, "eu-west-1"),
        (SERVER, "server", "aoss", "eu-west-1", True, "eu-west-1"),
        (SERVER, "nextgen", "auto", "eu-west-1", True, "eu-west-1"),
        (CLASSIC, "classic", "auto", None, True, "eu-west-1"),
        (f"{CLASSIC}:443", "classic", "auto", None, True, "eu-west-1"),
        (CLASSIC, "classic", "auto", "us-east-1", True, "us-east-1"),
        (CLASSIC, "classic", "none", None, False, "eu-west-1"),
        (NEXTGEN, "nextgen", "auto", None, True, "ap-south-1"),
    ],
)
def test_signing_and_region(endpoint, kind, auth, region, signs, signed_for):
    target = OpenSearchTarget(endpoint, kind, auth=auth, aws_region=region)
    assert (target.signs, target.region) == (signs, signed_for)


def test_an_index_is_named_by_its_bundle():
    assert (
        OpenSearchTarget("http://127.0.0.1:9200", index="shop").index_name("0123456789ABCDEF")
        == "shop-0123456789abcdef"
    )


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (OpenSearchTarget(SERVER, auth="aoss"), "AWS_REGION is not set"),
        (OpenSearchTarget(CLASSIC.replace("https", "http"), "classic"), "expected https"),
        (
            OpenSearchTarget(SERVER, auth="aoss", aws_region="eu-west-1"),
            "OPENSEARCH_KIND: expected classic or nextgen while",
        ),
    ],
)
def test_a_target_that_cannot_be_signed_for_is_refused(target, message):
    with pytest.raises(ValueError, match=message):
        target.check()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            OpenSearchTarget(CLASSIC, "classic", engine="lucene"),
            "OPENSEARCH_ENGINE = 'lucene': expected faiss, because .* classic",
        ),
        (
            OpenSearchTarget(NEXTGEN, "nextgen", engine="lucene"),
            "OPENSEARCH_ENGINE = 'lucene': expected faiss, because .* nextgen",
        ),
        (OpenSearchTarget(CLASSIC, "classic", custom_ids=True), "OPENSEARCH_CUSTOM_IDS = on: expected off"),
        (
            OpenSearchTarget(NEXTGEN, "nextgen", compression="4x"),
            "OPENSEARCH_COMPRESSION = '4x': OPENSEARCH_KIND nextgen supports",
        ),
    ],
)
def test_options_that_a_collection_does_not_support_are_refused(target, message):
    with pytest.raises(ValueError, match=message):
        target.check()


@pytest.mark.parametrize(
    "target",
    [
        OpenSearchTarget("http://127.0.0.1:9200", engine="lucene", compression="4x", custom_ids=True),
        OpenSearchTarget(CLASSIC, "classic"),
        OpenSearchTarget(NEXTGEN, "nextgen", custom_ids=True, compression="32x"),
        OpenSearchTarget("http://127.0.0.1:9200", "nextgen", auth="none"),
    ],
)
def test_supported_options_are_accepted(target):
    target.check()
