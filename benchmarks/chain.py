"""Seconds from a message to its answer, beside what the models take.

A real private Valkey, a real worker process and the terminal's adapter; one photo after the other,
each sent when the one before has come back. "Chain" is everything but the stages on the pixels:
reading the message, photo store, queue, opening, saving, the collage, publishing, delivery.

    python -m benchmarks.chain [--photo FILE] [--rounds 30]
"""

import argparse
import asyncio
import io
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.figures import machine, percentile
from bots.conversation import Conversation, Lab
from bots.desk import Request
from bots.service import open_lab, serve
from bots.terminal.desk import TerminalDesk
from core.jobs import Enhanced
from core.recipe import Recipe
from core.settings import StoreSettings
from core.valkey import PrivateValkey
from darkroom.children import Child

RECIPES = {
    "nothing to do, no collage": Recipe(scale=1, denoise=0, faces=0, collage=False),
    "nothing to do, collage": Recipe(scale=1, denoise=0, faces=0),
    "denoise 50, 2×, collage": Recipe(scale=2, denoise=50, faces=0),
}
WARM_UPS = 2


@dataclass(frozen=True)
class Times:
    """Seconds of one photo: from message to answer, in the stages, and opening and saving."""

    whole: float
    model: float
    files: float


def main() -> None:
    """Print one line a recipe."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--photo", type=Path, help="else waves with grain, 640 × 480, JPEG")
    parser.add_argument("--rounds", type=int, default=30)
    wishes = parser.parse_args()
    photo = wishes.photo.read_bytes() if wishes.photo else _photo()
    with Image.open(io.BytesIO(photo)) as header:
        print(f"{machine()}; {header.width} × {header.height} px, {len(photo) / 1000:.0f} kB")
    with tempfile.TemporaryDirectory(prefix="darkroom-") as folder:
        asyncio.run(_measure(Path(folder), photo, wishes.rounds))


async def _measure(folder: Path, photo: bytes, rounds: int) -> None:
    settings = StoreSettings(data_dir=folder, redis_url=None, blob_url=(folder / "b").as_uri())
    environment = {"BLOB_URL": settings.blobs(), "DARKROOM_DATA_DIR": str(folder)}
    async with PrivateValkey(folder / "valkey") as server:
        environment["REDIS_URL"] = server.url
        async with (
            Child("worker", "--log", "ERROR", environment=environment),
            open_lab(server.url, settings) as lab,
        ):
            columns = ("recipe", "whole s", "p95", "model s", "files ms", "chain ms", "p95")
            print("{:28} {:>8} {:>7} {:>8} {:>9} {:>9} {:>7}".format(*columns))
            for name, recipe in RECIPES.items():
                times = await _runs(lab, folder, photo, recipe, rounds)
                _tell(name, times)


async def _runs(lab: Lab, folder: Path, photo: bytes, recipe: Recipe, rounds: int) -> list[Times]:
    desk = TerminalDesk(folder / "out", lambda photo, text: None)
    paths = [folder / f"{number}.jpg" for number in range(rounds + WARM_UPS)]
    await asyncio.to_thread(_lay_out, desk.folder, paths, photo)
    times: list[Times] = []

    async def listen(conversation: Conversation) -> None:
        times.extend([await _one(desk, conversation, path, recipe) for path in paths])

    await serve(desk, lab, listen)
    return times[WARM_UPS:]


async def _one(desk: TerminalDesk, conversation: Conversation, path: Path, recipe: Recipe) -> Times:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    request = Request(
        origin=f"{desk.platform}:{path.name}",
        user="benchmark",
        address={"photo": str(path)},
        private=True,
    )
    await conversation.take(request, [desk.attachment(str(path))], recipe)
    await desk.answered(path)
    whole = loop.time() - begun
    result = desk.outcomes[path].result
    if not isinstance(result, Enhanced):
        raise SystemExit(f"The photo was not enhanced: {desk.outcomes[path].text}")
    return Times(whole, result.model_seconds, result.seconds - result.model_seconds)


def _tell(name: str, times: Sequence[Times]) -> None:
    whole = [one.whole for one in times]
    chain = [1000 * (one.whole - one.model) for one in times]
    model, files = (
        statistics.median(values)
        for values in ([one.model for one in times], [1000 * one.files for one in times])
    )
    print(
        f"{name:28} {statistics.median(whole):8.3f} {percentile(whole, 95):7.3f} {model:8.3f} "
        f"{files:9.0f} {statistics.median(chain):9.0f} {percentile(chain, 95):7.0f}",
        flush=True,
    )


def _lay_out(out: Path, paths: Sequence[Path], photo: bytes) -> None:
    out.mkdir(exist_ok=True)
    for path in paths:
        path.write_bytes(photo)


def _photo() -> bytes:
    down, across = np.mgrid[0:480, 0:640] / 9
    waves = 128 + 90 * np.sin(down)[..., None] * np.cos(across[..., None] / [1, 2, 3])
    grain = np.random.default_rng(0).normal(0, 5, waves.shape)
    packed = io.BytesIO()
    levels = np.clip(waves + grain, 0, 255).astype(np.uint8)
    Image.fromarray(levels).save(packed, "JPEG", quality=90)
    return packed.getvalue()


if __name__ == "__main__":
    main()
