"""Help texts, exit codes and error messages."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from services.cli.console import EXIT_CODES, ExitCode
from services.cli.verb_errors import Failed, Misused, describe
from services.recommender.errors import BundleDamaged, StateUnavailable, UnknownFilm
from services.settings import SettingsError
from tests.cli.conftest import Marquee
from tests.patience import PATIENCE_S

INPUTS = ("--movielens", "--tmdb", "--catalogue", "--events")
VERBS = {
    "validate": (*INPUTS, "--keep", "--json"),
    "build": (*INPUTS, "--encoder", "minilm", "none", "--holdout", "--events-from-state", "--params", "--svd-k",
              "--no-activate", "--force", "--json"),
    "import": ("--user", "--account", "--map", "--scale", "--encoder", "--json"),
    "users import": ("--user", "--account", "--json"),
    "up": (*INPUTS, "--encoder", "--host", "--port", "--workers", "--insecure"),
    "serve": ("--host", "--port", "--workers", "--insecure"),
    "recommend": ("--user", "--k", "--liked", "--disliked", "--tmdb-id", "--query", "--genre", "--not-genre",
                  "--year-from", "--year-to", "--language", "--min-votes", "--exclude", "--include-seen",
                  "--diversity", "--cursor", "--explain", "--trace", "--why-not", "--json"),
    "similar": ("ITEM_ID", "--tmdb-id", "--k", "--json"),
    "feedback": ("USER", "ITEM_ID", "EVENT", "--value", "--json"),
    "users seed": (*INPUTS, "--user", "--limit", "--json"),
    "users export": ("USER",),
    "users erase": ("USER", "--yes", "--json"),
    "bundle list": ("--json",),
    "bundle activate": ("VERSION", "--json"),
    "bundle verify": ("[VERSION]", "--json"),
    "bundle rollback": ("--json",),
    "keys create": ("NAME", "--scope", "--limit", "--window", "--json"),
    "keys list": ("--json",),
    "keys revoke": ("KEY_ID", "--json"),
    "index": ("--bundle", "--keep", "--json"),
    "index list": ("--json",),
    "index prune": ("--keep", "--json"),
    "tables create": ("--timeout", "--json"),
    "doctor": ("--url", "--key", "--wait", "--json"),
    "evaluate": (*INPUTS, "--holdout", "--split", "--seed", "--cold-items", "--queries", "--compare", "--json"),
    "tune": (*INPUTS, "--holdout", "--trials", "--weight", "--seed", "--encoder", "--params", "--out", "--fresh",
             "--json"),
    "bench": ("--films", "--json"),
}  # fmt: skip


def normalised(text: str) -> str:
    return " ".join(text.split()).lower()


@pytest.mark.parametrize("verb", VERBS)
def test_help_names_every_option_and_the_exit_codes(verb: str, marquee: Marquee) -> None:
    done = marquee(*verb.split(), "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: marquee {verb}")
    assert normalised(EXIT_CODES) in normalised(done.out)
    missing = [option for option in VERBS[verb] if option.lower() not in done.out.lower()]
    assert not missing
    assert not done.err


def test_the_first_page_names_every_verb(marquee: Marquee) -> None:
    done = marquee("--help")
    assert done.code == 0
    assert marquee().out == done.out, "no arguments: the same page"
    for verb in VERBS:
        assert f"  {verb.split()[0]} " in done.out
    assert normalised(EXIT_CODES) in normalised(done.out)


def test_help_loads_nothing_heavy() -> None:
    """These would double the time of the first page; a verb imports them when it runs."""
    heavy = {"numpy", "polars", "scipy", "pydantic", "fastapi", "uvicorn", "tantivy", "onnxruntime", "rich"}
    program = f"import sys, services.cli.main as cli; cli.main(['--help']); print(*{heavy!r} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Usage: marquee" in done.stdout
    assert done.stdout.splitlines()[-1] == ""


def test_version(marquee: Marquee) -> None:
    done = marquee("--version")
    assert (done.code, done.out.split()[0]) == (0, "marquee")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("recommend", "--nonsense"), "No such option"),
        (("recommend", "--k", "many"), "'--k' / '-k': Input should be a valid integer"),
        (("similar",), "Give either a film id or --tmdb-id"),
        (("users", "seed", "--events", "."), "--catalogue FILE"),
        (("build", "--tmdb", "nowhere.jsonl"), "nowhere.jsonl: no such file"),
        (("validate", "--movielens", ".", "--catalogue", "."), "not both"),
        (("bundle",), "Missing command"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(marquee: Marquee, arguments: tuple[str, ...], expected: str) -> None:
    done = marquee(*arguments)
    assert done.code == ExitCode.USAGE
    assert expected in done.err
    assert done.err.startswith("marquee: ")
    assert len(done.err.splitlines()) == 1
    assert done.out == ""


def test_a_wrong_setting_is_code_2(marquee: Marquee, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_TTL_SECS", "soon")
    done = marquee("recommend")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "CACHE_TTL_SECS = 'soon'" in done.err


def test_debug_shows_the_traceback_anywhere(marquee: Marquee) -> None:
    assert "Traceback" not in marquee("recommend").err
    for arguments in (("--debug", "recommend"), ("recommend", "--debug")):
        done = marquee(*arguments)
        assert done.code == 3
        assert "Traceback" in done.err
        assert "BundleMissing" in done.err


def test_errors_under_json_are_json(marquee: Marquee) -> None:
    done = marquee("recommend", "--json")
    assert done.code == 3
    assert done.json["exit_code"] == 3
    assert "no bundle is active" in done.json["error"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Failed("no", ExitCode.UNAVAILABLE), 3),
        (Failed("no"), 1),
        (Misused("no"), 2),
        (SettingsError("no"), 2),
        (typer.BadParameter("no"), 2),
        (typer.Abort(), 1),
        (BundleDamaged("no"), 3),
        (StateUnavailable("no"), 3),
        (UnknownFilm("no"), 1),
        (PermissionError(13, "Permission denied", "features"), 1),
        (ModuleNotFoundError("No module named 'boto3'", name="boto3"), 3),
        (ZeroDivisionError("no"), 1),
    ],
)
def test_exit_codes_of_errors(error: Exception, code: int) -> None:
    assert describe(error)[0] == code


def test_messages_name_the_place_and_the_remedy() -> None:
    assert describe(PermissionError(13, "Permission denied", "features"))[1] == "features: Permission denied"
    full = describe(OSError(28, "No space left on device"))[1]
    assert full == "A read, write or connection failed: No space left on device"
    assert "is the disk full?" in describe(OSError("306362 requested and 278464 written"))[1]
    missing = describe(ModuleNotFoundError("No module named 'boto3'", name="boto3"))[1]
    assert "'boto3' is not installed" in missing
    assert "'marquee-films[aws]'" in missing
    encoder = describe(ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime"))[1]
    assert "'marquee-films[encoder]'" in encoder
    assert "'marquee-films'" in describe(ModuleNotFoundError("No module named 'polars'", name="polars"))[1]
    assert "--debug" in describe(ZeroDivisionError("odd"))[1]
    assert "ZeroDivisionError: odd" in describe(ZeroDivisionError("odd"))[1]


def test_a_closed_pipe_is_no_error(home: Path) -> None:
    import subprocess

    from tests.e2e.kit import MARQUEE, environment

    command = f"{MARQUEE} recommend --k 100 | head -1"
    done = subprocess.run(
        command,
        shell=True,
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert done.stderr == ""
