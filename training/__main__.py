"""`python -m training upscale-x4 --data DIR --out DIR`: train one model, or `all`, and export."""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from training.card import draw_curve, write_card, write_log
from training.data import Photos
from training.export import read_weights
from training.loop import Budget, Trainer, TrainingDiverged
from training.networks import start_from
from training.objective import Objective, Recipe, Setting
from training.plan import ORDER
from training.recipes import RECIPES

__all__ = ["main"]

_ALL = "all"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the process's exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.backends.cudnn.benchmark = True  # Every step has the same shapes.
    try:
        photos = Photos(options.data)
    except (ValueError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    if options.model != _ALL:
        return _train(options, photos)
    if options.init_from is not None:
        parser.error("--init-from is for one model; 'all' knows which follows which.")
    for name, start in ORDER.items():
        print(f"== {name}", flush=True)
        options.model = name
        options.init_from = start and options.out / f"{RECIPES[start].model}.safetensors"
        status = _train(options, photos)
        if status:
            return status
    return 0


def _train(options: argparse.Namespace, photos: Photos) -> int:
    recipe = RECIPES[options.model]
    size = "tiny" if options.tiny else "full" if options.full else "cpu"
    setting = recipe.settings[size]
    device = _device(options.device)
    budget = Budget(options.minutes or setting.minutes, options.steps)
    try:
        objective = _objective(recipe, setting, photos, options, device)
    except (ValueError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2

    trainer = Trainer(objective, setting, budget=budget, device=device, seed=options.seed)
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / f"{recipe.model}.checkpoint.pt"
    if options.resume and checkpoint.is_file():
        trainer.resume(checkpoint)
        print(f"Resumed at step {trainer.step}.", flush=True)

    def on_mark(trainer: Trainer) -> None:
        trainer.checkpoint(checkpoint)
        _hand_out(trainer, recipe, out, _metadata(trainer, recipe, options, size, device))
        row = trainer.log[-1]
        line = f"step {row.step}  {row.seconds:.0f} s  loss {row.loss:.5f}  "
        line += f"{objective.measure} {row.score:.3f} (baseline {row.baseline:.3f})"
        if row.second is not None:
            line += f"  {objective.second_measure} {row.second:.3f}"
        print(line, flush=True)

    try:
        trainer.run(every_seconds=options.mark_every, on_mark=on_mark)
    except TrainingDiverged as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("model", choices=[*sorted(RECIPES), _ALL])
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


def _objective(
    recipe: Recipe,
    setting: Setting,
    photos: Photos,
    options: argparse.Namespace,
    device: torch.device,
) -> Objective:
    if recipe.starts_from is not None and options.init_from is None:
        raise ValueError(
            f"{recipe.name} goes on from {recipe.starts_from}: name its weights with --init-from."
        )
    start = None if options.init_from is None else read_weights(options.init_from)
    torch.manual_seed(options.seed)
    objective = recipe.build(setting, photos, device)
    if start is not None:
        fitting = start_from(objective.network, start)
        print(f"{fitting} tensors taken from {options.init_from.name}.", flush=True)
    return objective


def _metadata(
    trainer: Trainer,
    recipe: Recipe,
    options: argparse.Namespace,
    size: str,
    device: torch.device,
) -> dict[str, str]:
    setting, objective = trainer.setting, trainer.objective
    network = trainer.average
    return {
        "model": recipe.model,
        "purpose": recipe.purpose,
        "scale": str(recipe.scale),
        "architecture": str(setting.design),
        "parameters": str(sum(value.numel() for value in network.parameters())),
        "licence": "MIT",
        "version": _version(),
        "commit": _commit(),
        "recipe": recipe.name,
        "setting": size,
        "command": _command(options),
        "steps": str(trainer.step),
        "minutes": f"{trainer.seconds / 60:.1f}",
        "batch": str(setting.batch),
        "patch": str(setting.patch),
        "seed": str(options.seed),
        "measure": objective.measure,
        "plain": objective.plain,
        "second measure": objective.second_measure or "",
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


def _hand_out(trainer: Trainer, recipe: Recipe, out: Path, metadata: dict[str, str]) -> None:
    model = recipe.model
    trainer.objective.export(trainer.average, out / f"{model}{recipe.suffix}", metadata)
    write_log(out / f"{model}-log.csv", trainer.log)
    draw_curve(out / f"{model}-curve.png", trainer.log, metadata)
    write_card(out / f"{model}.md", metadata, trainer.log)


def _version() -> str:
    try:
        return version("darkroom")
    except PackageNotFoundError:
        return "from a source tree"


def _commit() -> str:
    """The commit of this code, with "-dirty" where it was changed since; empty if unknown."""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return said.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
