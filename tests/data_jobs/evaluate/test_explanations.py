"""The evaluation of sentences, and its checker."""

import numpy as np
import pytest

from data_jobs.evaluate.explanations.checker import Checker, FilmFacts
from data_jobs.evaluate.explanations.explanations import NoSentenceStore, explanations, reading_ease
from data_jobs.evaluate.explanations.lies import OtherFacts, lies
from services.adapters.explain.template import TemplateExplainer
from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.ports import Deadline, Page, PageSentences
from services.recommender.query.words.language_words import LANGUAGES
from tests.adapters.explain.kit import explainer_at
from tests.data_jobs.evaluate import kit
from tests.servers.bedrock import Bedrock

CHECKER = Checker(
    ["you liked it and this is a film of the kind that people here like"], {w: c for w, (_, c) in LANGUAGES.items()}
)
COLLATERAL = Reason(ReasonKind.LIKED, "Because you liked Collateral (2004)", "Collateral (2004)", 0.9, "c1")
MANN = Reason(ReasonKind.DIRECTOR, "Directed by Michael Mann, whose films you liked", "Michael Mann", 0.2)
HEAT = FilmFacts(
    "Heat", 1995, ("Action", "Crime"), ("Michael Mann",), ("Al Pacino",), ("robbery",), "en", (COLLATERAL, MANN)
)


@pytest.mark.parametrize(
    "sentence",
    [
        "You liked Collateral (2004), and Michael Mann directed this one as well.",
        "A crime film from 1995 with Al Pacino, close to Collateral, which you liked.",
        "You liked films by Michael Mann, and this is another.",
    ],
)
def test_true_sentences_have_no_faults(sentence: str) -> None:
    assert CHECKER.faults(sentence, HEAT) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "You liked Ronin, and this one is close to it.",
        "You liked Collateral, and Robert De Niro is in this one.",
        "Al Pacino directed it, and you liked Collateral.",
        "It stars Michael Mann, and you liked Collateral.",
        "A horror film, close to Collateral, which you liked.",
        "You liked Heat, and this one is close to it.",
        "You watched Collateral, and this one is close to it.",
        "You did not like Collateral, and this one is close to it.",
        "You liked Collateral, and this won three awards.",
        "You liked Collateral, and this is from 1996.",
        "You liked Collateral, and this is well known here.",
        "Few people here know this one, and you liked Collateral.",
        "You asked for Collateral, and here it is.",
        "You like action films, and this is one.",
        "You liked Collateral, and this is in French.",
        "You liked Collateral and " + "you liked it and " * 8 + "so.",
    ],
)
def test_lies_have_faults(sentence: str) -> None:
    assert CHECKER.faults(sentence, HEAT)


def test_a_matched_query_may_be_named() -> None:
    query_reason = Reason(ReasonKind.QUERY, "Dark comedy", "Dark comedy", 1.0)
    matching = FilmFacts("Heat", 1995, ("Crime",), (), (), (), "en", (query_reason,))
    assert CHECKER.faults("It is a dark comedy, just as you asked.", matching) == []
    assert CHECKER.faults("It is a dark western, just as you asked.", matching)
    assert CHECKER.faults("It is a dark comedy, close to Collateral, which you liked.", HEAT)


def test_lies_cycle_through_the_kinds_and_are_caught() -> None:
    true_sentences = [("You liked Collateral (2004), and Michael Mann directed this crime film, too.", HEAT)] * 20
    others = OtherFacts(["Ronin (1998)"], ["Robert De Niro"], ["Horror", "Western"], ["heist"])
    planted = lies(true_sentences, others, 40, np.random.default_rng(0))
    assert len({lie.kind for lie in planted}) >= 10
    assert all(lie.sentence != true_sentences[0][0] and len(lie.sentence.split()) <= 22 for lie in planted)
    assert [lie for lie in planted if not CHECKER.faults(lie.sentence, lie.film)] == []


def test_template_and_model_are_measured_side_by_side(bench) -> None:
    listening = kit.Listening()
    with Bedrock() as bedrock:
        model = explainer_at(bedrock.url, NoSentenceStore())
        result = explanations(bench, 0, listening, {"template": TemplateExplainer(), "model": model})
    assert [each.by for each in result.written] == ["template", "model"]
    for written in result.written:
        assert written.sentences > 0
        assert written.longest <= 22
        assert written.true >= 0.95
        assert 0 < written.openings <= 1
    assert result.written[0].fell_back is None
    assert result.written[1].fell_back is not None
    assert result.share_caught >= 0.99
    assert {bar.name for bar in result.bars()} >= {"checker: planted lies caught", "fell back from the model"}
    assert next(iter(result.tables())).title == "Explanations"
    assert listening.heard


def test_the_lies_of_an_explainer_are_caught(bench) -> None:
    class Liar(TemplateExplainer):
        def explain(self, page: Page, deadline: Deadline) -> PageSentences:
            return PageSentences(tuple("You liked Vertigo (1958), and this won 7 Oscars." for _ in page.evidence))

    result = explanations(bench, 0, kit.Listening(), {"model": Liar()})
    assert result.written[0].true == 0
    assert result.written[0].untrue
    assert result.written[0].openings < 0.2
    assert not all(bar.met for bar in result.bars())


def test_short_words_read_more_easily() -> None:
    assert (
        reading_ease("It is close to what you like.")
        > 80
        > reading_ease("Extraordinarily sophisticated entertainment.")
    )
    assert reading_ease("") == 0
