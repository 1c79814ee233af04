"""A comparison made by hand, with every part filled."""

from data_jobs.evaluate.bootstrap import Interval
from data_jobs.evaluate.compare.comparison import (
    SHARES,
    Band,
    Comparison,
    Example,
    Figure,
    LikesGroup,
    ListedFilm,
    Moves,
    Shown,
)

FILMS = ("Heat (1995)", "Ran (1985)", "The Lord of the Rings: The Fellowship of the Ring (2001)", "Psycho (1960)")


def figure(
    name: str, a: float, less: float, wide: float, unit: str = "", words: tuple[str, str] = ("better", "worse")
) -> Figure:
    return Figure(name, unit, a, a + less, Interval(less, less - wide, less + wide, 579), *words)


def listed(*hits: int) -> tuple[ListedFilm, ...]:
    return tuple(ListedFilm(FILMS[at % 4], at in hits, None if at == 3 else (at * 3) % 10 + 1) for at in range(10))


def example(gain: float) -> Example:
    return Example("36", 41, FILMS[:3], FILMS, 7, gain, listed(1), listed(0, 2, 5))


def comparison() -> Comparison:
    return Comparison(
        a="default",
        b="my-weights",
        kinds=("preset", "weights"),
        holdout="holdout_random.csv",
        people=579,
        likes=9_671,
        films=9_742,
        figures=(
            figure("Recall@10", 0.22, 0.008, 0.003),
            figure("NDCG@10", 0.33, 0.011, 0.004),
            figure("Recall@10 outside the 200 most liked", 0.04, -0.006, 0.004),
            figure("intra-list diversity", 0.74, 0.001, 0.003, words=("more varied", "less varied")),
            figure("popularity rank", 52.0, -6.0, 2.0, words=("less known", "better known")),
            figure("share outside the 200 most liked", 0.12, -0.02, 0.01, SHARES, ("less known", "better known")),
        ),
        coverage=(0.064, 0.058),
        groups=(
            LikesGroup("under 20", 0.30, 0.33, Interval(0.03, 0.01, 0.05, 190)),
            LikesGroup("150 or more", 0.41, 0.40, Interval(-0.01, -0.03, 0.01, 60)),
        ),
        moves=Moves(
            (0, 1, 2, 9, 30, 71, 120, 160, 110, 60, 16), (0.31, 0.24, 0.12, 0.2, 0.1, 0.03),
            {"first film": 0.71, "first 10": 0.67, "first 50": 0.72}, 6.4, 0.02,
        ),
        bands=(Band("1-20", 0.4, 0.45), Band("21-100", 0.35, 0.33), Band("100+", 0.25, 0.22)),
        risen=tuple(Shown(title, at + 1, 40 - at, 90 - 10 * at) for at, title in enumerate(FILMS)),
        fallen=tuple(Shown(title, at + 60, 80 - 10 * at, 20 - at) for at, title in enumerate(FILMS)),
        gained=210,
        lost=140,
        even=229,
        gains=tuple((at - 250) / 600 for at in range(579)),
        best=(example(0.41), example(0.3)),
        worst=(example(-0.38),),
    )  # fmt: skip
