import numpy as np
import pytest

from services.recommender.domain.events import (
    EXPLICIT,
    OPINIONS,
    RATINGS,
    EventKind,
    is_disliked,
    leaves,
    leaves_list,
    taste_weights,
)

# The documented table: kind, value, taste weight, no longer recommended, disliked.
TABLE = [
    (EventKind.LIKE, 1.0, 1.15, True, False),
    (EventKind.RATING, 5.0, 1.3, True, False),
    (EventKind.RATING, 4.5, 1.15, True, False),
    (EventKind.RATING, 4.0, 1.0, True, False),
    (EventKind.RATING, 3.5, 0.3, True, False),
    (EventKind.RATING, 3.0, 0.3, True, False),
    (EventKind.WATCH, 1.0, 0.3, True, False),
    (EventKind.CLICK, 1.0, 0.1, False, False),
    (EventKind.DISLIKE, 1.0, 0.0, True, True),
    (EventKind.RATING, 2.5, 0.0, True, True),
    (EventKind.RATING, 2.0, 0.0, True, True),
    (EventKind.RATING, 1.5, 0.0, True, True),
    (EventKind.RATING, 1.0, 0.0, True, True),
    (EventKind.RATING, 0.5, 0.0, True, True),
    (EventKind.CLEAR, 1.0, 0.0, False, False),
]


@pytest.mark.parametrize(("kind", "value", "weight", "leaving", "disliked"), TABLE)
def test_each_event_counts_as_documented(
    kind: EventKind, value: float, weight: float, leaving: bool, disliked: bool
) -> None:
    kinds, half_stars = np.array([kind], np.uint8), np.array([value * 2], np.uint8)
    assert taste_weights(kinds, half_stars)[0] == pytest.approx(weight)
    assert leaves_list(kind, value) is leaving
    assert leaves(kinds, half_stars).tolist() == [leaving]
    assert is_disliked(kinds, half_stars).tolist() == [disliked]


def test_columns_give_the_same_weights_and_keep_their_types() -> None:
    kinds = np.array([kind for kind, *_ in TABLE], np.uint8)
    half_stars = np.array([value * 2 for _, value, *_ in TABLE], np.uint8)
    assert taste_weights(kinds, half_stars).dtype == np.float32
    assert taste_weights(kinds, half_stars) == pytest.approx([weight for _, _, weight, *_ in TABLE])
    assert is_disliked(kinds, half_stars).dtype == np.bool_


def test_ratings_are_half_stars() -> None:
    assert RATINGS == (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)


def test_stored_codes_never_change() -> None:
    assert {kind.label: int(kind) for kind in EventKind} == {
        "like": 1,
        "dislike": 2,
        "rating": 3,
        "watch": 4,
        "click": 5,
        "clear": 6,
    }


@pytest.mark.parametrize("kind", list(EventKind))
def test_labels_parse_back(kind: EventKind) -> None:
    assert EventKind.parse(kind.label) is kind


@pytest.mark.parametrize("label", ["", "love", "rated"])
def test_an_unknown_label_is_a_key_error(label: str) -> None:
    with pytest.raises(KeyError):
        EventKind.parse(label)


def test_a_clear_is_explicit_but_not_an_opinion() -> None:
    assert {EventKind.CLEAR} == EXPLICIT - OPINIONS
