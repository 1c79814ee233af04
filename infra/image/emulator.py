"""The Lambda runtime without Docker: the runtime interface emulator and Python's runtime interface client.

The emulator is a program inside the wheel of the SAM command line, which is installed without its dependencies.
"""

import fcntl
import hashlib
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.image.bytecode import compile_all
from infra.image.errors import LayoutError
from infra.image.tools import ROOT, here, uv

SAM = "aws-sam-cli==1.170.0"
CLIENT = ("awslambdaric==4.2.2", "simplejson==4.3.0", "snapshot-restore-py==1.0.0")
FOLDER = ROOT / ".tools/lambda"
PROGRAM = "aws-lambda-rie"
_BUILDS = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def install_emulator(folder: Path = FOLDER) -> Path:
    """Return the folder with ``aws-lambda-rie`` and the client's packages, installed if needed. Several processes may
    call it at once. Raises LayoutError if there is no emulator for this machine, or the download fails.
    """
    build = _BUILDS.get(platform.machine().lower())
    if platform.system() != "Linux" or build is None:
        raise LayoutError(f"there is no Lambda emulator for {platform.system()} on {platform.machine()}")
    pins = hashlib.sha256(" ".join((SAM, *CLIENT)).encode()).hexdigest()[:8]
    target = folder / f"python{here()}-{pins}"
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / ".lock"):
        if not target.is_dir():
            _unpack(target, build)
    return target


def _unpack(target: Path, build: str) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="new-") as new:
        wheel, tools = Path(new) / "wheel", Path(new) / "tools"
        common = ("pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--python-version", here())
        uv(*common, "--target", wheel, SAM)
        uv(*common, "--target", tools, *CLIENT)
        compile_all(tools, here())
        shutil.copyfile(wheel / f"samcli/local/rapid/aws-lambda-rie-{build}", tools / PROGRAM)
        (tools / PROGRAM).chmod(0o755)
        tools.rename(target)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
