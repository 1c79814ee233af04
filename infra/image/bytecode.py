"""Compile everything to bytecode: a function's folder is read-only, and compiling at every cold start would cost more
than a second.
"""

from pathlib import Path

from infra.image.tools import python_of, run


def compile_all(folder: Path, python: str) -> None:
    """Compile a folder for a version of Python. The bytecode is valid whatever the dates of its sources, since an image
    layer does not keep them. Raises LayoutError.

    Source: the Python library reference, ``compileall``, "unchecked-hash".
    """
    run([python_of(python), "-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash", str(folder)])
