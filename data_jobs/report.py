"""Progress and findings of a step. All findings are counted; the first of each code are kept in full."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import NoReturn, Protocol

from data_jobs.rules import FEW_ERRORS, FEW_ERRORS_SHARE, MAX_ERROR_SHARE, RULES, Severity
from services.recommender.errors import MarqueeError

_VALUE_LENGTH = 120


class DataError(MarqueeError):
    """Unusable data: a file or column is missing, empty or broken, or too many rows are wrong."""


class Progress(Protocol):
    """Receives the progress of a long step; ``total`` is None if it is not known beforehand."""

    def advance(self, step: str, done: int, total: int | None) -> None:
        """Report that ``done`` units of ``step`` are complete."""


class Silent:
    """Discards progress reports."""

    def advance(self, step: str, done: int, total: int | None) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``line`` counts from 1, the header included; for a record over several lines, its first."""

    severity: Severity
    code: str
    file: str
    line: int | None
    field: str | None
    value: str | None
    expected: str | None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        about = f" {self.field}" if self.field else ""
        value = f" = {self.value!r}" if self.value is not None else ""
        expected = f", expected {self.expected}" if self.expected else ""
        return f"{place}: {self.severity} {self.code}{about}{value}{expected}"


@dataclass(slots=True)
class Report:
    """The findings of one reading. Not thread-safe: one reader, one report."""

    keep: int = 20
    """Number of findings of a code that are kept in full; the rest are only counted."""
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    """Rows read, by file."""
    errors: Counter[str] = field(default_factory=Counter)
    """Rows left out as errors, by file."""

    def add(
        self,
        code: str,
        file: str,
        *,
        line: int | None = None,
        field: str | None = None,
        value: object = None,
        expected: str | None = None,
    ) -> Finding:
        """Count one finding and keep it if it is among the first. Raises KeyError for a code without a rule."""
        severity = RULES[code].severity
        shown = None if value is None else str(value)[:_VALUE_LENGTH]
        finding = Finding(severity, code, file, line, field, shown, expected)
        if self.counts[code] < self.keep:
            self.findings.append(finding)
        self.add_uncited(code, file, 1)
        return finding

    def add_uncited(self, code: str, file: str, count: int) -> None:
        """Count findings without keeping any, such as those of a column whose first findings were added one by one."""
        if count:
            self.counts[code] += count
            if RULES[code].severity in (Severity.ERROR, Severity.FATAL):
                self.errors[file] += count

    def fail(self, code: str, file: str, advice: str, *, field: str | None = None, value: object = None) -> NoReturn:
        """Add a fatal finding and raise DataError; ``advice`` says what to do."""
        raise DataError(str(self.add(code, file, field=field, value=value, expected=advice)))

    @property
    def ok(self) -> bool:
        """Return whether no row was left out as an error."""
        return not any(self.errors.values())

    @property
    def error_share(self) -> float:
        """Return the share of rows left out as errors, of the worst file, 0 to 1."""
        return max((min(1.0, wrong / max(1, self.rows[file])) for file, wrong in self.errors.items()), default=0.0)

    def refuse_if_bad(self, limit: float = MAX_ERROR_SHARE) -> None:
        """Raise DataError if more than ``limit`` of any file's rows are errors: a model of such data would mislead. A
        few wrong rows of a short file are tolerated.
        """
        for file, wrong in sorted(self.errors.items()):
            share = wrong / max(1, self.rows[file])
            if share > limit and (wrong > FEW_ERRORS or share > FEW_ERRORS_SHARE):
                errors = (finding for finding in self.findings if finding.severity == Severity.ERROR)
                first = next((error for error in errors if error.file == file), "")
                raise DataError(
                    f"{file}: {wrong:,} of {self.rows[file]:,} rows are errors, more than {limit:.1%}; "
                    "run `marquee validate` to see them, fix the file, or force the build"
                    + (f" ({first})" if first else "")
                )

    def summary(self) -> list[tuple[Severity, str, int, str]]:
        """Return one row per code: severity, code, count, what was done; most severe and most frequent first."""
        order = list(Severity)
        rows = [(RULES[code].severity, code, count, RULES[code].done) for code, count in self.counts.items()]
        return sorted(rows, key=lambda row: (order.index(row[0]), -row[2], row[1]))

    def to_json(self) -> str:
        """Return the whole report as one JSON object: ok, error_share, files, summary, findings."""
        files = {name: {"rows": count, "errors": self.errors[name]} for name, count in sorted(self.rows.items())}
        columns = ("severity", "code", "count", "done")
        document = {
            "ok": self.ok,
            "error_share": self.error_share,
            "files": files,
            "summary": [dict(zip(columns, row, strict=True)) for row in self.summary()],
            "findings": [asdict(finding) for finding in self.findings],
        }
        return json.dumps(document, ensure_ascii=False)
