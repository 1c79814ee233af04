"""``python -m tests.walk``: the files and classes that one `POST /recommend` and one `POST /feedback` pass, in order.

A file counts if one of its functions runs. A class counts if an instance is made, or if a function of ours is given one
(or the class) as its first argument, as every method is; a NamedTuple only by the latter. The request is for a person
with two likes, over the sample catalogue with the embedded stores. A similar one is answered before it, so that what is
made only once is not counted; the answer does not come from the cache. The feedback is one like.
"""

import asyncio
import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import httpx2
from fastapi import FastAPI

from data_jobs.build import Order, build
from data_jobs.report import Silent
from services.api.app.main import create_app
from services.api.app.services import AppServices
from services.bootstrap import build_services
from services.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
ONLINE = str(ROOT / "services") + "/"
LIKED = ("114", "66")


@dataclass
class Walk:
    """``files``: paths in the repository; ``classes``: ``module.Class``; both in the order of their first call."""

    files: dict[str, None] = field(default_factory=dict)
    classes: dict[str, None] = field(default_factory=dict)

    def add(self, frame: FrameType, event: str) -> None:
        """Record a call; ``event`` is that of a profile function (``sys.setprofile``)."""
        if event != "call":
            return
        code = frame.f_code
        if code.co_filename.startswith(ONLINE):
            self.files.setdefault(str(Path(code.co_filename).relative_to(ROOT)))
        elif code.co_name != "__init__":
            return
        first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
        owner = first if isinstance(first, type) else type(first)
        if owner.__module__.startswith("services."):
            self.classes.setdefault(f"{owner.__module__}.{owner.__qualname__}")

    @property
    def lines(self) -> int:
        """The total number of lines of the files."""
        return sum(len((ROOT / name).read_text("utf-8").splitlines()) for name in self.files)


async def record_walks(app: FastAPI, liked: Sequence[str]) -> tuple[Walk, Walk]:
    """Record the last feedback and the second recommendation, after one request of the same kind each."""
    recommend, feedback = Walk(), Walk()
    current: list[Walk] = []

    def profile(frame: FrameType, event: str, _: object) -> None:
        for walk in current:
            walk.add(frame, event)

    # A recommendation is answered in this thread; feedback is stored in another, which inherits the profile function.
    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1") as client:
            for film in liked:
                current[:] = [feedback] if film == liked[-1] else []
                like = {"user_id": "ann", "item_id": film, "event": "like"}
                (await client.post("/feedback", json=like)).raise_for_status()
            for k in (19, 20):
                current[:] = [recommend] if k == 20 else []
                response = await client.post("/recommend", json={"user_id": "ann", "k": k})
                assert response.raise_for_status().json()["cached"] is False
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return recommend, feedback


def walks_of(home: Path, liked: Sequence[str] = LIKED) -> tuple[Walk, Walk]:
    """The walks of `/recommend` and `/feedback` over the bundle of a home, for a person who likes these films of it."""
    services = AppServices.of(build_services(load_settings(marquee_home=home)), inline=True)
    try:
        return asyncio.run(record_walks(create_app(services), liked))
    finally:
        if services.close is not None:
            services.close()


def report(walk: Walk) -> str:
    """The files of a walk, its classes, and their counts."""
    folders = Counter("/".join(name.split("/")[:2]) for name in walk.files)
    count = f"{len(walk.files)} files, {walk.lines:,} lines, {len(walk.classes)} classes"
    return "\n".join([*walk.files, "", *walk.classes, "", f"{count}: {dict(folders)}", ""])


def main() -> None:
    """Build the sample and print its walks."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        build(Order(Path(folder)), Silent())
        recommend, feedback = walks_of(Path(folder))
    sys.stdout.write(f"POST /recommend\n\n{report(recommend)}\nPOST /feedback\n\n{report(feedback)}")


if __name__ == "__main__":
    main()
