"""The file of a search: one trial per line, written as soon as it ends, so that an interrupted search can resume."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_jobs.report import DataError
from data_jobs.tuning.space import Space

_COLUMNS = ("setup", "trial", "worth", "diversity", "seconds")


@dataclass(frozen=True, slots=True)
class WeightsTrial:
    """One trial: ``values`` of the weights in the search space; ``worth`` relative to the weights in use, which are
    trial 0; ``figures``: NDCG@10 of each group.
    """

    number: int
    values: Mapping[str, float]
    worth: float
    diversity: float
    figures: Mapping[str, float]
    seconds: float


class Sweep:
    """A CSV file of trials. ``setup``: a hash of data, splits, seed and space; a file with another setup is refused."""

    def __init__(self, path: Path, setup: str, space: Space, groups: Sequence[str]) -> None:
        self.path = path
        self._setup = setup
        self._space = space
        self._groups = tuple(groups)
        self._head = (*_COLUMNS, *(f"ndcg {group}" for group in self._groups), *space)

    def read(self) -> list[WeightsTrial]:
        """Return the trials so far; a line that an interruption cut short is removed from the file.

        Raises DataError for a file of another search.
        """
        if not self.path.is_file():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(self._line(self._head), encoding="utf-8")
            return []
        text = self.path.read_text(encoding="utf-8")
        complete = text[: text.rfind("\n") + 1]
        rows = list(csv.reader(io.StringIO(complete)))
        if not rows or tuple(rows[0]) != self._head or any(row[0] != self._setup for row in rows[1:]):
            raise DataError(
                f"{self.path}: holds a search over other data, people or weights, or with another seed; start over "
                "with --fresh, or give another folder with --out"
            )
        if complete != text:
            self.path.write_text(complete, encoding="utf-8")
        return [self._trial(row) for row in rows[1:]]

    def add(self, trial: WeightsTrial) -> None:
        """Append a trial to the file."""
        figures = (repr(trial.figures[group]) for group in self._groups)
        first = (self._setup, str(trial.number), repr(trial.worth), repr(trial.diversity), f"{trial.seconds:.1f}")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(self._line((*first, *figures, *(repr(trial.values[name]) for name in self._space))))

    def _line(self, cells: Sequence[str]) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerow(cells)
        return out.getvalue()

    def _trial(self, row: Sequence[str]) -> WeightsTrial:
        _, number, worth, diversity, seconds = row[: len(_COLUMNS)]
        rest = [float(cell) for cell in row[len(_COLUMNS) :]]
        figures = dict(zip(self._groups, rest, strict=False))
        values = dict(zip(self._space, rest[len(self._groups) :], strict=True))
        return WeightsTrial(int(number), values, float(worth), float(diversity), figures, float(seconds))
