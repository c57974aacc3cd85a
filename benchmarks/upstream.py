"""Real-ESRGAN's and GFPGAN's own packages beside Darkroom: the same weights and the same photo.

    make upstream [PHOTO=photo.png]

or by hand, in an environment of its own, since the packages bring a second OpenCV and much else:

    python3 -m venv .venv-upstream
    .venv-upstream/bin/pip install -c constraints.txt "setuptools>=77" torch torchvision
    .venv-upstream/bin/pip install -c constraints.txt --no-build-isolation -e ".[worker,upstream]"
    .venv-upstream/bin/python -m benchmarks.upstream --photo photo.png

basicsr, on which both rest, asks for torch while it is built: hence torch first, and no isolation.

Weights are those of `--general`, `--x4plus`, `--gfpgan` (`.pth` or `.safetensors`), or else those
in the weights folder, or else random values under the official names. Both sides read one `.pth`
file of upstream's form. Differences are in levels of 255; a speed ratio above 1 says that Darkroom
is faster. Everything runs in float32, in turns in one process; times are medians.

Upstream fetches a face detector and a face parser when it is made. Neither is used here: the five
points are given to both sides, and upstream pastes through its plain square mask.
"""

import argparse
import contextlib
import io
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import skimage.data
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.settings import WorkerSettings
from weights.store import WeightsStore
from weights.torchvision_ops import declare_missing_operators
from worker.engine import Engine
from worker.imaging.decode import decode
from worker.imaging.photo import to_eight_bits, to_sixteen_bits
from worker.models import LoadedModel, load
from worker.stages.faces import RestoredFace, paste
from worker.stages.faces.alignment import TEMPLATE, TEMPLATE_SIDE, align, cut
from worker.stages.upscale import resize
from worker.tiles import FEATHER

__all__ = ["Row", "compared", "given_points", "line", "main", "read_weights"]

Picture = NDArray[np.uint8]
"""H×W×3, RGB on our side of every function."""

_GENERAL, _X4PLUS, _GFPGAN = "realesr-general-x4v3", "realesrgan-x4plus", "gfpgan-v1.4"
_TILE = 128
_ENLARGED = 2
_TURN = 12.0
_RANDOM = "random weights"


@dataclass(frozen=True)
class Row:
    """One comparison: the largest and the mean difference in levels of 255, and median seconds."""

    what: str
    largest: int | None
    mean: float | None
    theirs: float | None = None
    ours: float | None = None


@dataclass(frozen=True)
class Trial:
    """What both sides work with: the photo, our engine, how often, and where `.pth` files lie."""

    photo: Picture
    engine: Engine
    rounds: int
    folder: Path
    given: Mapping[str, Path | None]


def main() -> None:
    """Print one line a comparison."""
    options = _options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    _make_importable()
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(
            _middle(options.photo, options.side),
            Engine(options.device, precision="float32"),
            options.rounds,
            Path(folder),
            {_GENERAL: options.general, _X4PLUS: options.x4plus, _GFPGAN: options.gfpgan},
        )
        print(
            f"{platform.machine()}, {trial.engine.device}, {options.threads} thread(s), "
            f"torch {torch.__version__}; a photo of {options.side} × {options.side} pixels\n"
        )
        print("| what | largest | mean | upstream | Darkroom | ratio |")
        print("|---|---|---|---|---|---|")
        for part in (_upscalers, _heavy_upscaler, _faces):
            for row in part(trial):
                print(line(row), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.upstream",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--photo", type=Path, help="its middle is taken; else a portrait's")
    parser.add_argument("--side", type=int, default=256, help="of the square, in pixels")
    for name in ("general", "x4plus", "gfpgan"):
        parser.add_argument(f"--{name}", type=Path, metavar="FILE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    return parser.parse_args()


def _upscalers(trial: Trial) -> Iterator[Row]:
    """realesr-general-x4v3, whole and in tiles."""
    from realesrgan.archs.srvgg_arch import SRVGGNetCompact

    network = SRVGGNetCompact(num_feat=64, num_conv=32, upscale=4, act_type="prelu")
    path, origin = _file(trial, _GENERAL, network)
    model = _model(_GENERAL, path)
    margin = 2 * (model.pad + FEATHER)
    tiles = Engine(str(trial.engine.device), precision="float32", tile=_TILE + margin)
    whole, tiled = (_upstream(path, network, trial, tile) for tile in (0, _TILE))
    ours, ours_tiled = (_darkroom(model, trial, engine) for engine in (trial.engine, tiles))
    yield _raced(f"RealESRGANer, {_GENERAL} ({origin}), whole", whole, ours, trial)
    yield _raced(f"the same in tiles of {_TILE} with what is around them", tiled, ours_tiled, trial)
    reference = whole()
    yield compared("upstream's tiles against its whole", tiled(), reference)
    yield compared("Darkroom's tiles against upstream's whole", ours_tiled(), reference)


def _heavy_upscaler(trial: Trial) -> Iterator[Row]:
    """RealESRGAN x4plus on a part of the photo, which takes long on a CPU."""
    from basicsr.archs.rrdbnet_arch import RRDBNet

    network = RRDBNet(num_in_ch=3, num_out_ch=3, scale=4, num_feat=64, num_block=23, num_grow_ch=32)
    path, origin = _file(trial, _X4PLUS, network)
    model = _model(_X4PLUS, path)
    side = min(96, *trial.photo.shape[:2])
    part = Trial(trial.photo[:side, :side], trial.engine, 2, trial.folder, trial.given)
    theirs, ours = _upstream(path, network, part), _darkroom(model, part, part.engine)
    yield _raced(f"RealESRGANer, {_X4PLUS} ({origin}), {side} × {side}", theirs, ours, part)


def _faces(trial: Trial) -> Iterator[Row]:
    """GFPGANer: the crop through the network, the crop out of the photo, and the paste."""
    from gfpgan import GFPGANer
    from gfpgan.archs.gfpganv1_clean_arch import GFPGANv1Clean

    network = GFPGANv1Clean(
        out_size=512,
        num_style_feat=512,
        channel_multiplier=2,
        num_mlp=8,
        input_is_latent=True,
        different_w=True,
        narrow=1,
        sft_half=True,
    )
    path, origin = _file(trial, _GFPGAN, network)
    del network
    model = _model(_GFPGAN, path)
    points = given_points(trial.photo)
    with _told(points):
        upstream = GFPGANer(str(path), upscale=_ENLARGED, device=trial.engine.device)
    upstream.face_helper.use_parse = False
    to_crop = align(points, TEMPLATE_SIDE)
    if to_crop is None:
        raise ValueError("the five points have no shape")
    pixels = to_sixteen_bits(trial.photo)
    crop = cut(pixels, to_crop, TEMPLATE_SIDE)
    given = _bgr(to_eight_bits(crop))

    def theirs() -> Picture:
        return _bgr(upstream.enhance(given, has_aligned=True)[1][0])

    def ours() -> Picture:
        level_crop = to_sixteen_bits(_bgr(given))
        return to_eight_bits(trial.engine.run_whole(model, level_crop))

    what = f"GFPGANer, {_GFPGAN} ({origin})"
    yield compared(f"{what}: two runs of upstream's, as it comes", theirs(), theirs())
    forward = upstream.gfpgan.forward
    upstream.gfpgan.forward = lambda *batch, **wishes: forward(
        *batch, **{**wishes, "randomize_noise": False}
    )
    yield _raced(f"{what}: the restored crop, noise off", theirs, ours, trial)

    def theirs_whole() -> Picture:
        return _bgr(upstream.enhance(_bgr(trial.photo))[2])

    def ours_whole() -> Picture:
        restored = trial.engine.run_whole(model, cut(pixels, to_crop, TEMPLATE_SIDE))
        return _pasted(trial, restored, to_crop)

    row = _raced("crop, restore, paste into the photo at ×2", theirs_whole, ours_whole, trial)
    # What is pasted differs on purpose, and random networks make anything of a face.
    yield replace(row, largest=None, mean=None) if origin == _RANDOM else row
    yield compared("the crop of both", _bgr(upstream.face_helper.cropped_faces[0]), _bgr(given))

    # A restorer that changes nothing shows what cutting out and pasting alone do to a photo.
    plain = to_eight_bits(_enlarged(trial))
    upstream.gfpgan.forward = lambda batch, **_: (batch, [])
    yield compared("upstream's paste of an unchanged face", theirs_whole(), plain)
    mine = _pasted(trial, crop, to_crop)
    yield compared("Darkroom's paste of an unchanged face", mine, plain)


def _pasted(trial: Trial, restored: NDArray[np.uint16], to_crop: NDArray[np.float64]) -> Picture:
    size = (trial.photo.shape[1], trial.photo.shape[0])
    face = RestoredFace(restored, to_crop)
    return to_eight_bits(paste(_enlarged(trial), [face], size))


def _enlarged(trial: Trial) -> NDArray[np.uint16]:
    height, width = (side * _ENLARGED for side in trial.photo.shape[:2])
    return resize(to_sixteen_bits(trial.photo), width, height)


def _make_importable() -> None:
    """What the packages miss in today's torchvision."""
    declare_missing_operators()
    from torchvision.transforms import functional

    gone = ModuleType("torchvision.transforms.functional_tensor")
    gone.__dict__["rgb_to_grayscale"] = functional.rgb_to_grayscale
    sys.modules[gone.__name__] = gone


def _file(trial: Trial, name: str, network: nn.Module) -> tuple[Path, str]:
    """A `.pth` file of upstream's form with the weights of `name`, and where they come from."""
    store = WeightsStore(WorkerSettings.load().weights)
    row = store.catalog.find(name)
    path = trial.given.get(name)
    if path is None and store.installed(row):
        path = store.path(row)
    if path is None:
        state, origin = _random(network), _RANDOM
    else:
        state, origin = read_weights(path), "real weights"
    target = trial.folder / f"{name}.pth"
    torch.save({"params_ema": {key: value.float() for key, value in state.items()}}, target)
    return target, origin


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, out of `params_ema` or `params` where upstream wraps them."""
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return content.get("params_ema") or content.get("params") or content


def _random(network: nn.Module) -> dict[str, Tensor]:
    """The network's first weights, so changed that its picture has contrast and its noise shows.

    Fresh networks give almost one colour, and StyleGAN's noise starts at a strength of zero.
    """
    state = {key: value.clone() for key, value in network.state_dict().items()}
    for key in state:
        if key.startswith("stylegan_decoder.style_conv") and state[key].shape == (1,):
            state[key] += 0.1
        if key == "conv_last.weight":
            state[key] *= 30
    return state


def _model(name: str, path: Path) -> LoadedModel:
    row = WeightsStore().catalog.find(name)
    return load(row.model_copy(update={"file": path.name, "own": True, "sha256": ""}), path)


def _upstream(path: Path, network: nn.Module, trial: Trial, tile: int = 0) -> Callable[[], Picture]:
    """RealESRGANer as its own script calls it: no padding before, tiles with 10 pixels around."""
    from realesrgan import RealESRGANer

    upsampler = RealESRGANer(
        scale=4,
        model_path=str(path),
        model=network,
        tile=tile,
        tile_pad=10,
        pre_pad=0,
        half=False,
        device=trial.engine.device,
    )

    def run() -> Picture:
        with contextlib.redirect_stdout(io.StringIO()):
            return _bgr(upsampler.enhance(_bgr(trial.photo))[0])

    return run


def _darkroom(model: LoadedModel, trial: Trial, engine: Engine) -> Callable[[], Picture]:
    return lambda: to_eight_bits(engine.run(model, to_sixteen_bits(trial.photo)))


@contextlib.contextmanager
def _told(points: NDArray[np.float32]) -> Iterator[None]:
    """GFPGANer is made with a detector that says `points`, and without a parser: no downloads."""
    from facexlib.utils import face_restoration_helper as helper

    class Knowing:
        def detect_faces(self, image: Picture, threshold: float) -> NDArray[np.float32]:
            del image, threshold
            box = (*points.min(0), *points.max(0), 1.0)
            return np.array([(*box, *points.ravel())], np.float32)

    detector, parser = helper.init_detection_model, helper.init_parsing_model
    helper.init_detection_model = lambda *_, **__: Knowing()
    helper.init_parsing_model = lambda *_, **__: None
    try:
        yield
    finally:
        helper.init_detection_model, helper.init_parsing_model = detector, parser


def given_points(photo: Picture) -> NDArray[np.float32]:
    """Five points in the middle of the photo, turned, for a crop of two thirds of its side.

    Whether there is a face matters neither to the way of the crop nor to the network.
    """
    scale = min(photo.shape[:2]) * 2 / 3 / TEMPLATE_SIDE
    angle = np.radians(_TURN)
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    middle = np.array(photo.shape[1::-1]) / 2
    points: NDArray[np.float32] = (TEMPLATE - TEMPLATE_SIDE / 2) @ turn.T * scale + middle
    return points.astype(np.float32)


def _middle(file: Path | None, side: int) -> Picture:
    picture: Picture = skimage.data.astronaut()
    if file is not None:
        picture = to_eight_bits(decode(file.read_bytes()).pixels)
    height, width = picture.shape[:2]
    if min(height, width) < side:
        raise SystemExit(f"The photo is smaller than {side} pixels; choose another or --side.")
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(picture[top : top + side, left : left + side])


def _bgr(picture: Picture) -> Picture:
    """From RGB to BGR, or back."""
    return np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), dtype=np.uint8)


def _raced(
    what: str, theirs: Callable[[], Picture], ours: Callable[[], Picture], trial: Trial
) -> Row:
    """Both in turns; the first round warms up and is not timed."""
    times: tuple[list[float], list[float]] = ([], [])
    results = [trial.photo, trial.photo]
    for number in range(trial.rounds + 1):
        for place, work in enumerate((theirs, ours)):
            begun = time.perf_counter()
            results[place] = work()
            if number:
                times[place].append(time.perf_counter() - begun)
    row = compared(what, *results)
    return Row(row.what, row.largest, row.mean, *(statistics.median(own) for own in times))


def compared(what: str, one: Picture, other: Picture) -> Row:
    """The largest and the mean difference between two pictures of one size."""
    difference = np.abs(one.astype(int) - other)
    return Row(what, int(difference.max()), float(difference.mean()))


def line(row: Row) -> str:
    """The row in Markdown; the ratio is upstream's time over ours."""
    cells = [row.what, "–", "–", "–", "–", "–"]
    if row.largest is not None and row.mean is not None:
        cells[1:3] = [str(row.largest), f"{row.mean:.3f}"]
    if row.theirs is not None and row.ours is not None:
        cells[3:] = [f"{row.theirs:.2f} s", f"{row.ours:.2f} s", f"{row.theirs / row.ours:.2f}"]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
