"""Bytecode for everything: in a function's read-only folder none can be written later, which would cost every cold
start more than a second.
"""

from pathlib import Path

from infra.image.tools import python_of, run


def compile_all(folder: Path, python: str) -> None:
    """Compile a folder for a version of Python. The bytecode counts whatever the dates of its sources say, since a
    layer of an image doesn't keep them. Raises LayoutError.

    Source: the Python library reference, ``compileall``, "unchecked-hash".
    """
    run([python_of(python), "-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash", str(folder)])
