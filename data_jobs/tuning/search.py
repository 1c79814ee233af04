"""Propose the next trial: the tree-structured Parzen estimator of Optuna, from all trials so far.

A proposal depends only on the trials and the seed, so an interrupted search resumes as if it had not stopped.

Source: J. Bergstra, R. Bardenet, Y. Bengio and B. Kégl, "Algorithms for hyper-parameter optimization", NIPS 2011.
"""

from collections.abc import Sequence

import optuna

from data_jobs.tuning.space import Space
from data_jobs.tuning.sweep import WeightsTrial

RANDOM_TRIALS = 12
"""Random trials before the estimator takes over."""
_DIGITS = 4


def propose(trials: Sequence[WeightsTrial], space: Space, seed: int) -> dict[str, float]:
    """Return the values to try next, rounded to four digits."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions: dict[str, optuna.distributions.BaseDistribution] = {
        name: optuna.distributions.FloatDistribution(bounds.low, bounds.high, log=bounds.log)
        for name, bounds in space.items()
    }
    sampler = optuna.samplers.TPESampler(seed=seed * 100_003 + len(trials), n_startup_trials=RANDOM_TRIALS)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials(
        [
            optuna.trial.create_trial(params=dict(trial.values), distributions=dict(distributions), value=trial.worth)
            for trial in trials
        ]
    )
    proposal = study.ask(dict(distributions)).params
    return {name: _round(float(proposal[name]), space[name].low, space[name].high) for name in space}


def _round(value: float, low: float, high: float) -> float:
    return min(max(float(f"{value:.{_DIGITS}g}"), low), high)
