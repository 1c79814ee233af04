"""Which OpenSearch is meant: index names, who signs, for which region."""

import pytest

from services.adapters.search.opensearch.target import Target

CLASSIC = "https://abc123.eu-west-1.aoss.amazonaws.com"
NEXT_GENERATION = "https://abc123.aoss.ap-south-1.on.aws"


@pytest.mark.parametrize(
    ("endpoint", "auth", "region", "signs", "signed_for"),
    [
        ("http://127.0.0.1:9200", "auto", None, False, None),
        ("https://search.example", "auto", "eu-west-1", False, "eu-west-1"),
        ("https://search.example", "aoss", "eu-west-1", True, "eu-west-1"),
        (CLASSIC, "auto", None, True, "eu-west-1"),
        (f"{CLASSIC}:443", "auto", None, True, "eu-west-1"),
        (CLASSIC, "auto", "us-east-1", True, "us-east-1"),
        (CLASSIC, "none", None, False, "eu-west-1"),
        (NEXT_GENERATION, "auto", None, True, "ap-south-1"),
        ("https://aoss.amazonaws.com.search.example", "auto", None, False, None),
    ],
)
def test_who_signs_and_for_which_region(endpoint, auth, region, signs, signed_for):
    target = Target(endpoint, auth=auth, aws_region=region)
    assert (target.signs, target.region) == (signs, signed_for)


def test_an_index_is_named_by_its_bundle():
    assert Target("http://127.0.0.1:9200", index="shop").index_name("0123456789ABCDEF") == "shop-0123456789abcdef"


def test_what_can_not_be_signed_is_refused():
    Target(CLASSIC).check()
    Target("http://127.0.0.1:9200").check()
    with pytest.raises(ValueError, match="AWS_REGION is not set"):
        Target("https://search.example", auth="aoss").check()
    with pytest.raises(ValueError, match="expected https"):
        Target(CLASSIC.replace("https", "http")).check()
