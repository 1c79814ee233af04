"""``marquee up --rebuild``: builds from files and feedback while the server runs."""

import sys
from pathlib import Path

import pytest

from services.cli.console import Output
from services.cli.rebuild import Rebuild, rebuilding
from services.settings import load_settings
from tests.cli.conftest import Marquee
from tests.e2e.kit import bundles
from tests.patience import wait_for

FILMS = "item_id,title,genres\n" + "".join(f"{n},Film {n},{'Drama' if n % 2 else 'Crime'}\n" for n in range(1, 9))


def finished(home: Path) -> list[str]:
    """Return the finished bundles, without one being built."""
    return [version for version in bundles(home) if not version.startswith(".")]


def test_feedback_since_the_build_is_in_the_next_bundle(
    marquee: Marquee, empty_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "films.csv").write_text(FILMS)
    assert marquee("build", "--encoder", "none", "films.csv").code == 0
    (first,) = bundles(empty_home)
    for film in ("1", "2"):
        assert marquee("feedback", "ann", film, "like").code == 0
    arguments = ["films.csv", "--encoder", "none", "--events-from-state"]
    with rebuilding(load_settings(), arguments, Rebuild.DAILY, Output(), pause_s=0.1):
        wait_for(lambda: len(finished(empty_home)) > 1, "a bundle with the feedback")
    (second,) = set(finished(empty_home)) - {first}
    assert marquee("bundle", "verify", second).code == 0


def test_a_failed_rebuild_is_reported_and_changes_nothing(
    marquee: Marquee, empty_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "films.csv").write_text(FILMS)
    assert marquee("build", "--encoder", "none", "films.csv").code == 0
    before = bundles(empty_home)
    printed = ""

    def failure_reported() -> bool:
        nonlocal printed
        printed += capsys.readouterr().err
        return "The rebuild failed" in printed

    with rebuilding(load_settings(), ["gone.csv"], Rebuild.DAILY, Output(), pause_s=0.1):
        wait_for(failure_reported, "the message about the failure")
    assert "gone.csv: no such file" in printed
    assert bundles(empty_home) == before


def test_stopping_the_server_ends_a_running_build(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "services.cli.rebuild._ENTRY", "import time, pathlib; pathlib.Path('on').touch(); time.sleep(1e6)"
    )
    with rebuilding(load_settings(), [], Rebuild.HOURLY, Output(), pause_s=0.0):
        wait_for(lambda: Path("on").exists(), "the build")
    assert sys.exc_info() == (None, None, None)


def test_nothing_is_rebuilt_without_the_option_or_without_files(marquee: Marquee, home: Path) -> None:
    with rebuilding(load_settings(), [], None, Output()):
        pass
    done = marquee("up", "--rebuild", "daily")
    assert done.code == 2
    assert "name them" in done.err


@pytest.mark.parametrize(("name", "days"), [("hourly", 1 / 24), ("daily", 1), ("weekly", 7)])
def test_the_intervals(name: str, days: float) -> None:
    assert Rebuild(name).seconds == days * 86_400
