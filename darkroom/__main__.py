"""The command line."""

import asyncio
import importlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from core import logs
from core.errors import DarkroomError
from core.recipe import MODEL_NAME_MAX, SCALES, Format, Preset, Recipe
from core.settings import DiscordSettings, StoreSettings, TelegramSettings, WorkerSettings

app = typer.Typer(
    name="darkroom",
    help="A photo lab in a chat: denoise, restore faces, upscale. Start with `darkroom doctor`, "
    "then `darkroom up`, or try `darkroom enhance photo.jpg -o out`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
LogLevel = Annotated[str, typer.Option("--log", help="How much to log.", metavar="LEVEL")]


@app.command()
def up(log: LogLevel = "INFO") -> None:
    """Run everything this machine can: Redis (a private one if none is set), worker, bots."""
    from darkroom.up import runnable
    from darkroom.up import up as run_up

    _log(log)
    names = runnable()
    typer.echo(f"Darkroom is up: {', '.join(names)}. Ctrl-C ends it.", err=True)
    asyncio.run(run_up(StoreSettings.load(), names, log=log))


@app.command()
def telegram(log: LogLevel = "INFO") -> None:
    """Run the Telegram bot; needs DARKROOM_TELEGRAM_TOKEN."""
    from darkroom.bots import run_telegram

    _log(log)
    asyncio.run(run_telegram(StoreSettings.load(), TelegramSettings.load()))


@app.command()
def discord(log: LogLevel = "INFO") -> None:
    """Run the Discord bot; needs DARKROOM_DISCORD_TOKEN."""
    from darkroom.bots import run_discord

    _log(log)
    asyncio.run(run_discord(StoreSettings.load(), DiscordSettings.load()))


@app.command()
def worker(log: LogLevel = "INFO") -> None:
    """Run a worker that enhances photos; as many as you like may share one Redis."""
    from darkroom.redis import redis_url

    _log(log)
    runner = _worker_module("worker.runner")
    settings, worker_settings = StoreSettings.load(), WorkerSettings.load()

    async def work() -> None:
        async with redis_url(settings, lasting=True) as url:
            await runner.run(url, settings, worker_settings)

    asyncio.run(work())


@app.command()
def enhance(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="The photos to enhance.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Where the results go.")
    ] = Path("out"),
    preset: Annotated[
        Preset,
        typer.Option(metavar="NAME", help=f"Where to start from: {', '.join(Preset)}."),
    ] = Preset.AUTO,
    scale: Annotated[
        int | None,
        typer.Option(metavar="1|2|3|4|8", help="How many times larger; 1 keeps the size."),
    ] = None,
    denoise: Annotated[
        int | None,
        typer.Option(min=0, max=100, metavar="0–100", help="Noise removal; 0 leaves it out."),
    ] = None,
    faces: Annotated[
        int | None,
        typer.Option(min=0, max=100, metavar="0–100", help="Face restoration; 0 leaves it out."),
    ] = None,
    light: Annotated[
        int | None,
        typer.Option(min=0, max=100, metavar="0–100", help="Exposure, contrast and colour cast."),
    ] = None,
    sharpen: Annotated[
        int | None,
        typer.Option(min=0, max=100, metavar="0–100", help="Sharpening; 0 leaves it out."),
    ] = None,
    grain: Annotated[
        int | None,
        typer.Option(min=0, max=100, metavar="0–100", help="How much of its grain comes back."),
    ] = None,
    creativity: Annotated[
        int | None,
        typer.Option(
            min=0, max=100, metavar="0–100", help="From true to the photo to invented detail."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A model by name, see `darkroom weights list`."),
    ] = None,
    file_format: Annotated[
        Format, typer.Option("--format", help="The result's file format.")
    ] = Format.AUTO,
    collage: Annotated[
        bool, typer.Option("--collage/--no-collage", help="Also draw before and after.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    log: LogLevel = "WARNING",
) -> None:
    """Enhance photos from the command line, through the same queue and worker as every chat's.

    The exit code is 0 only if every photo was enhanced.
    """
    from darkroom.enhance import run

    _log(log)
    if scale is not None and scale not in SCALES:
        known = ", ".join(map(str, SCALES))
        raise typer.BadParameter(f"{scale} is not one of {known}.", param_hint="--scale")
    if model is not None and not 0 < len(model) <= MODEL_NAME_MAX:
        raise typer.BadParameter("No model has such a name.", param_hint="--model")
    recipe = Recipe(
        preset=preset,
        scale=scale,
        denoise=denoise,
        faces=faces,
        light=light,
        sharpen=sharpen,
        grain=grain,
        creativity=creativity,
        model=model,
        format=file_format,
        collage=collage,
    )
    raise typer.Exit(asyncio.run(run(photos, output, recipe, as_json=as_json, log=log)))


@app.command()
def doctor() -> None:
    """Say in words what is missing (Redis, token, GPU, weights) and how to mend it."""
    from darkroom.doctor import examine

    logs.configure("ERROR")
    findings = asyncio.run(examine())
    for finding in findings:
        mark = "✓" if finding.ok else ("✗" if finding.needed else "–")
        typer.echo(f"{mark} {finding.subject}: {finding.seen}")
        if not finding.ok and finding.mend:
            typer.echo(f"    {finding.mend}")
    raise typer.Exit(0 if all(finding.ok or not finding.needed for finding in findings) else 1)


@app.command()
def ping(role: Annotated[str, typer.Argument(help="worker, telegram or discord")]) -> None:
    """Succeed if a process of this role lives on this host."""
    from darkroom.ping import alive_here

    logs.configure("ERROR")
    raise typer.Exit(0 if asyncio.run(alive_here(role)) else 1)


def _log(level: str) -> None:
    logs.configure(level, StoreSettings.load().log_format)


def _worker_module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise DarkroomError(
            f"The worker's packages are not installed ({error.name}): "
            "pip install -c constraints.txt '.[worker]'"
        ) from error


def main() -> None:
    """Run the command; an expected failure ends with one sentence and exit code 2."""
    from darkroom.communities import app as communities_app
    from darkroom.letters import app as letters_app
    from darkroom.weights import app as weights_app

    app.add_typer(weights_app, name="weights")
    app.add_typer(communities_app, name="communities")
    app.add_typer(letters_app, name="letters")
    try:
        app()
    except DarkroomError as error:
        typer.echo(f"darkroom: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
