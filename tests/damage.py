"""Damage files for tests."""

import os
from pathlib import Path


def flip_bit(path: Path, bit: int) -> None:
    """Flip one bit of a file; its size and timestamps stay the same."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
