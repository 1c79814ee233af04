"""Sentences from a template: no model, no network, and nothing but the evidence."""

from collections.abc import Sequence

from services.recommender.domain.request import Reason, ReasonKind
from services.recommender.ports import Deadline, Evidence

MAX_WORDS = 22

_CLAUSES = {
    ReasonKind.LIKED: "it goes with {}",
    ReasonKind.DIRECTOR: "{} directed it",
    ReasonKind.KEYWORD: "it is about “{}”",
    ReasonKind.GENRE: "{} is a genre you like",
    ReasonKind.DECADE: "you like films of the {}",
    ReasonKind.CAST: "{} is in it",
    ReasonKind.SERIES: "it belongs to the {} series",
    ReasonKind.LANGUAGE: "it is in {}",
    ReasonKind.QUERY: "it matches your search for “{}”",
    ReasonKind.POPULAR: "it is popular in {}",
}


class TemplateExplainer:
    """The embedded default of the explainer port."""

    prompt_version = "template-1"

    def explain(self, evidence: Sequence[Evidence], deadline: Deadline) -> list[str]:  # noqa: ARG002
        """One sentence a film, at most 22 words; the deadline is not needed here."""
        return [_sentence(item) for item in evidence]


def _sentence(evidence: Evidence) -> str:
    """The title and as many clauses as fit, strongest reason first."""
    sentence = f"We picked {evidence.title}"
    joint = " because "
    for reason in evidence.reasons:
        longer = sentence + joint + _clause(reason)
        if len(longer.split()) > MAX_WORDS:
            break
        sentence, joint = longer, " and "
    return " ".join(sentence.split()[:MAX_WORDS]) + "."


def _clause(reason: Reason) -> str:
    if reason.kind is ReasonKind.POPULAR and not reason.text.startswith("Popular"):
        return "few people here know it yet"
    if reason.kind is ReasonKind.LIKED and reason.item_id is None:
        return "it is close to what you like"
    if reason.kind is ReasonKind.NEAREST:
        return "it is popular" if reason.subject == "popular" else "nothing else is nearer to what you asked"
    return _CLAUSES[reason.kind].format(reason.subject)
