import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters.explain.template import MAX_WORDS, TemplateExplainer
from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.ports import Deadline, Evidence
from tests.builders import ManualClock

DEADLINE = Deadline.within(ManualClock(), 6)


def sentence(*reasons: Reason, title: str = "Heat") -> str:
    return TemplateExplainer().explain([Evidence(title, 1995, ("Crime",), reasons)], DEADLINE)[0]


def test_speaks_of_the_evidence_in_its_order():
    told = sentence(
        Reason(ReasonKind.LIKED, "", "Collateral (2004)", 0.9, "c1"),
        Reason(ReasonKind.DIRECTOR, "", "Michael Mann", 0.2),
    )
    assert told == "We picked Heat because it goes with Collateral (2004) and Michael Mann directed it."


@pytest.mark.parametrize("kind", [kind for kind in ReasonKind if kind is not ReasonKind.NEAREST])
def test_has_words_for_every_kind_of_reason(kind):
    assert "Subject" in sentence(Reason(kind, "Popular in Subject", "Subject", 1.0, "f1"))


def test_a_taste_as_a_whole_is_no_film():
    told = sentence(Reason(ReasonKind.LIKED, "Close to what you like", "what you like", 1.0))
    assert told == "We picked Heat because it is close to what you like."


def test_what_only_comes_nearest_is_not_said_to_match():
    told = sentence(Reason(ReasonKind.NEAREST, "Nearest to what you asked", "a heist on the moon", 0.0))
    assert "comes nearest to" in told
    assert "matches" not in told


def test_a_film_that_only_fills_up_is_not_called_popular():
    assert sentence(Reason(ReasonKind.POPULAR, "Not yet well known here", "the catalogue", 0.0)).endswith(
        "few people here know it yet."
    )


reasons = st.builds(
    Reason,
    st.sampled_from(list(ReasonKind)),
    st.just("Popular"),
    st.text("abc ", min_size=1, max_size=120),
    st.just(1.0),
)


@given(st.lists(reasons, max_size=5), st.text("xyz ", min_size=1, max_size=200))
def test_is_one_sentence_of_at_most_22_words(found, title):
    told = sentence(*found, title=title)
    assert len(told.split()) <= MAX_WORDS
    assert told.endswith(".")


def test_one_sentence_for_each_film():
    evidence = [Evidence(title, None, (), ()) for title in ("A", "B")]
    assert TemplateExplainer().explain(evidence, DEADLINE) == ["We picked A.", "We picked B."]
