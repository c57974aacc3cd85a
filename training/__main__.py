"""`python -m training upscale-x4 --data DIR --out DIR`: train one model and export it."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from training.card import draw_curve, write_card, write_log
from training.data import CropPool, read_photos
from training.export import read_weights, write_weights
from training.loop import Budget, Trainer, TrainingDiverged
from training.networks import published_state, start_from
from training.recipes import RECIPES, Recipe, Setting
from training.validation import HeldOut

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the process's exit status."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.backends.cudnn.benchmark = True  # Every step has the same shapes.
    recipe = RECIPES[options.model]
    size = "tiny" if options.tiny else "full" if options.full else "cpu"
    setting = recipe.settings[size]
    device = _device(options.device)
    budget = Budget(options.minutes or setting.minutes, options.steps)
    try:
        trainer = _trainer(recipe, setting, budget, options, device)
    except (ValueError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2

    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / f"{recipe.model}.checkpoint.pt"
    if options.resume and checkpoint.is_file():
        trainer.resume(checkpoint)
        print(f"Resumed at step {trainer.step}.", flush=True)

    def on_mark(trainer: Trainer) -> None:
        trainer.checkpoint(checkpoint)
        _publish(trainer, out, _metadata(trainer, options, size, device))
        row = trainer.log[-1]
        print(
            f"step {row.step}  {row.seconds:.0f} s  loss {row.loss:.5f}  "
            f"held-out {row.psnr:.3f} dB (baseline {row.baseline:.3f})",
            flush=True,
        )

    try:
        trainer.run(every_seconds=options.mark_every, on_mark=on_mark)
    except TrainingDiverged as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("model", choices=sorted(RECIPES))
    parser.add_argument("--data", type=Path, required=True, help="folder with photos/ and faces/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, help="training time; the setting's by default")
    parser.add_argument("--steps", type=int, help="train so many steps instead of minutes")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--tiny", action="store_true", help="a rehearsal of seconds")
    size.add_argument("--full", action="store_true", help="the large network, for one GPU")
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--init-from", type=Path, help="weights to start from, where they fit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mark-every", type=float, default=120, help="seconds between checkpoints")
    return parser


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _trainer(
    recipe: Recipe,
    setting: Setting,
    budget: Budget,
    options: argparse.Namespace,
    device: torch.device,
) -> Trainer:
    photos = read_photos(options.data)
    pool = CropPool(
        [
            *((images, share * (1 - setting.faces)) for images, share in photos.training),
            (photos.faces, setting.faces),
        ],
        size=recipe.crop_size(setting.patch),
        device=device,
    )
    held_out = HeldOut(photos.held_out, scale=recipe.scale, device=device)
    trainer = Trainer(
        recipe,
        setting,
        pool=pool,
        held_out=held_out,
        budget=budget,
        device=device,
        seed=options.seed,
    )
    if options.init_from is not None:
        fitting = start_from(trainer.network, read_weights(options.init_from))
        trainer.start_averages()
        print(f"{fitting} tensors taken from {options.init_from.name}.", flush=True)
    return trainer


def _metadata(
    trainer: Trainer, options: argparse.Namespace, size: str, device: torch.device
) -> dict[str, str]:
    recipe, setting = trainer.recipe, trainer.setting
    state = published_state(trainer.average)
    return {
        "model": recipe.model,
        "purpose": recipe.purpose,
        "scale": str(recipe.scale),
        "architecture": str(setting.design),
        "parameters": str(sum(value.numel() for value in state.values())),
        "licence": "MIT",
        "version": _version(),
        "recipe": recipe.name,
        "setting": size,
        "command": _command(options),
        "steps": str(trainer.step),
        "minutes": f"{trainer.seconds / 60:.1f}",
        "batch": str(setting.batch),
        "patch": str(setting.patch),
        "seed": str(options.seed),
        "device": "one GPU" if device.type == "cuda" else f"{options.threads} CPU thread(s)",
    }


def _command(options: argparse.Namespace) -> str:
    """The command that repeats this run, with the reader's own folders left open."""
    parts = ["python", "-m", "training", options.model, "--data", "DATA", "--out", "OUT"]
    for name in ("minutes", "steps"):
        if getattr(options, name) is not None:
            parts += [f"--{name}", f"{getattr(options, name):g}"]
    parts += [f"--{name}" for name in ("tiny", "full") if getattr(options, name)]
    parts += ["--device", options.device, "--threads", str(options.threads)]
    if options.init_from is not None:
        parts += ["--init-from", options.init_from.name]
    return shlex.join([*parts, "--seed", str(options.seed)])


def _publish(trainer: Trainer, out: Path, metadata: dict[str, str]) -> None:
    model = trainer.recipe.model
    write_weights(out / f"{model}.safetensors", published_state(trainer.average), metadata)
    write_log(out / f"{model}-log.csv", trainer.log)
    draw_curve(out / f"{model}-curve.png", trainer.log, model)
    write_card(out / f"{model}.md", metadata, trainer.log)


def _version() -> str:
    try:
        return version("darkroom")
    except PackageNotFoundError:
        return "from a source tree"


if __name__ == "__main__":
    sys.exit(main())
