"""``python -m infra.image``: the steps of the Dockerfile, and the same tree without Docker."""

import argparse
import sys
from pathlib import Path

from infra.image.bases import check_pinned, pin
from infra.image.code import lay_code
from infra.image.emulator import install_emulator
from infra.image.errors import LayoutError
from infra.image.layers import LAYERS, Wheels, lay
from infra.image.release import stage_release
from infra.image.task import LAMBDA, lay_task
from infra.image.tools import here


def main(arguments: list[str] | None = None) -> int:
    """Run one step and print its result. Returns 1 with a message on failure."""
    options = _parser().parse_args(arguments)
    try:
        output = options.step(options)
    except LayoutError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{output}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.image", description=__doc__)
    steps = parser.add_subparsers(required=True)

    def step(name: str, help_text: str) -> argparse.ArgumentParser:
        subparser = steps.add_parser(name, help=help_text, description=help_text)
        subparser.set_defaults(step=globals()[f"_{name}"])
        return subparser

    layers = step("layers", "install the packages of layers, as locked, into FOLDER/<layer>")
    layers.add_argument("folder", type=Path)
    layers.add_argument("name", nargs="+", choices=sorted(LAYERS))
    code = step("code", "copy and compile Marquee's code into FOLDER/code and FOLDER/tools")
    code.add_argument("folder", type=Path)
    task = step("task", "lay out /var/task of the Lambda image in FOLDER/task, without Docker")
    task.add_argument("folder", type=Path)
    task.add_argument("--without-encoder", action="store_true", help="leave the text encoder out")
    for takes_wheels in (layers, task):
        takes_wheels.add_argument("--platform", help="e.g. aarch64-manylinux_2_34 (default: this machine)")
    for takes_python in (layers, code, task):
        takes_python.add_argument("--python", default=here(), help="e.g. 3.13 (default: the running one)")
    release = step("release", "copy only the active bundle of HOME into FOLDER")
    release.add_argument("home", type=Path)
    release.add_argument("folder", type=Path)
    step("bases", "fail unless all base images of the Dockerfile are pinned by digest")
    step("pin", "pin the base images of the Dockerfile to the digests of their tags")
    step("emulator", "install the Lambda emulator if needed, and print its folder")
    return parser


def _layers(options: argparse.Namespace) -> str:
    wheels = Wheels(options.python, options.platform)
    return "\n".join(str(lay(LAYERS[name], options.folder, wheels)) for name in options.name)


def _code(options: argparse.Namespace) -> str:
    lay_code(options.folder, options.python)
    return str(options.folder)


def _task(options: argparse.Namespace) -> str:
    chosen = LAMBDA[:1] if options.without_encoder else LAMBDA
    return str(lay_task(options.folder, Wheels(options.python, options.platform), chosen))


def _release(options: argparse.Namespace) -> str:
    return stage_release(options.home, options.folder)


def _bases(_: argparse.Namespace) -> str:
    return check_pinned()


def _pin(_: argparse.Namespace) -> str:
    return pin()


def _emulator(_: argparse.Namespace) -> str:
    return str(install_emulator())


if __name__ == "__main__":
    sys.exit(main())
