"""The contract of every explainer: one suite for the template and for Bedrock models.

Add a new explainer to ``EXPLAINERS``: these tests fail until it meets the contract of ``Explainer``.
"""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.adapters.explain.template import TemplateExplainer
from services.recommender.ports import SENTENCE_WORDS, Deadline, Evidence, Explainer, Page, Record
from tests.adapters.explain.kit import PEOPLE, explainer_at, page_of
from tests.builders import ManualClock
from tests.patience import PATIENCE_S
from tests.servers.bedrock import BY_TOOL, Bedrock

EXPLAINERS: dict[str, Callable[[str], Explainer]] = {
    "template": lambda _: TemplateExplainer(),
    "bedrock, schema": explainer_at,
    "bedrock, tool": lambda url: explainer_at(url, name=BY_TOOL, by_tool=True),
}
PAGES = st.lists(st.integers(0, 60), max_size=8, unique=True)
EXAMPLES = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def service() -> Iterator[Bedrock]:
    with Bedrock() as running:
        yield running


@pytest.fixture(params=EXPLAINERS, scope="module")
def explainer(request: pytest.FixtureRequest, service: Bedrock) -> Explainer:
    return EXPLAINERS[request.param](service.url)


def soon() -> Deadline:
    return Deadline.within(ManualClock(), PATIENCE_S)


def unsupported_names(evidence: Evidence, record: Record) -> list[str]:
    """People and liked films that neither the evidence nor the record names."""
    films = ("Collateral", "Cléo from 5 to 7", "Seven Samurai", "Yojimbo")
    evidence_text = " ".join([*(reason.text for reason in evidence.reasons), *record.directors, *record.cast])
    return [name for name in (*(name for pair in PEOPLE for name in pair), *films) if name not in evidence_text]


@EXAMPLES
@given(films=PAGES)
def test_each_film_has_one_sentence_in_order_and_it_names_nothing_else(explainer: Explainer, films: list[int]) -> None:
    page = page_of(films)
    sentences = explainer.explain(page, soon()).sentences
    for evidence, record, sentence in zip(page.evidence, page.records(page.evidence), sentences, strict=True):
        assert sentence.isprintable()
        assert not [name for name in unsupported_names(evidence, record) if name in sentence], sentence


@EXAMPLES
@given(films=PAGES)
def test_no_sentence_exceeds_the_limit_of_the_port(explainer: Explainer, films: list[int]) -> None:
    for sentence in explainer.explain(page_of(films), soon()).sentences:
        assert len(sentence.split()) <= SENTENCE_WORDS


def test_a_page_without_films_has_no_sentences(explainer: Explainer) -> None:
    assert explainer.explain(Page(()), soon()).sentences == ()


def test_the_same_page_has_the_same_sentences(explainer: Explainer) -> None:
    page = page_of(range(4))
    assert explainer.explain(page, soon()).sentences == explainer.explain(page, soon()).sentences


def test_after_the_deadline_every_film_still_has_a_sentence(explainer: Explainer) -> None:
    clock = ManualClock()
    late = Deadline.within(clock, 1)
    clock.advance(2)
    sentences = explainer.explain(page_of(range(30, 33)), late).sentences
    assert len(sentences) == 3
    assert all(sentences)


def test_the_version_of_the_prompt_is_stable(explainer: Explainer) -> None:
    """The version is part of the key of a stored answer."""
    assert explainer.prompt_version
    assert explainer.prompt_version == explainer.prompt_version
