"""`darkroom letters`: answers that could not be delivered, looked into and sent again."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

import typer

from core import logs, store
from core.errors import DarkroomError
from core.jobs import Enhanced
from core.letters import Letter, Letters
from core.settings import StoreSettings
from darkroom.redis import redis_url

app = typer.Typer(help="Answers that could not be delivered.", no_args_is_help=True)

Names = Annotated[
    list[str] | None, typer.Argument(metavar="LETTER…", help="Their names, as `list` prints them.")
]
All = Annotated[bool, typer.Option("--all", help="All of them.")]


@app.command("list")
def list_letters(
    platform: Annotated[
        str | None, typer.Option(metavar="NAME", help="telegram or discord; all if left out.")
    ] = None,
) -> None:
    """List them, the oldest first: name, time, job, photos, and why they stayed here."""

    async def told(letters: Letters) -> None:
        for letter in await letters.all(platform):
            typer.echo(_line(letter))

    _run(told)


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="LETTER")]) -> None:
    """Print one as JSON: whose answer it is, where it should go, and what is in it."""

    async def told(letters: Letters) -> None:
        (letter,) = await _chosen(letters, [name], everything=False)
        typer.echo(f"{_line(letter)}\n{_pretty(letter.record)}")

    _run(told)


@app.command()
def replay(names: Names = None, everything: All = False) -> None:
    """Deliver them once more; photos are kept for a day, later only a sentence is left to send."""

    async def replayed(letters: Letters) -> None:
        chosen = await _chosen(letters, names, everything=everything)
        done = [await letters.replay(letter) for letter in chosen]
        typer.echo(f"Published again: {sum(done)}.")

    _run(replayed)


@app.command()
def drop(names: Names = None, everything: All = False) -> None:
    """Delete them for good."""

    async def dropped(letters: Letters) -> None:
        chosen = await _chosen(letters, names, everything=everything)
        done = [await letters.drop(letter) for letter in chosen]
        typer.echo(f"Dropped: {sum(done)}.")

    _run(dropped)


async def _chosen(letters: Letters, names: list[str] | None, *, everything: bool) -> list[Letter]:
    if bool(names) is everything:
        raise DarkroomError("Name letters, as `darkroom letters list` prints them, or say --all.")
    there = {letter.id: letter for letter in await letters.all()}
    if everything:
        return list(there.values())
    for name in names or ():
        if name not in there:
            raise DarkroomError(f"There is no letter {name}; see `darkroom letters list`.")
    return [there[name] for name in dict.fromkeys(names or ())]


def _line(letter: Letter) -> str:
    buried = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(letter.buried))
    reply = letter.reply
    if reply is None:
        return f"{letter.id}  {buried}  {letter.cause}"
    photos = sum(isinstance(result, Enhanced) for result in reply.results)
    return f"{letter.id}  {buried}  job {reply.job}, photos: {photos}  {letter.cause}"


def _pretty(record: str) -> str:
    try:
        return json.dumps(json.loads(record), indent=2, ensure_ascii=False)
    except ValueError:
        return record


def _run(work: Callable[[Letters], Awaitable[None]]) -> None:
    logs.configure("ERROR")

    async def connected() -> None:
        async with _letters() as letters:
            await work(letters)

    asyncio.run(connected())


@contextlib.asynccontextmanager
async def _letters() -> AsyncIterator[Letters]:
    async with redis_url(StoreSettings.load(), lasting=True) as url:
        client = store.connect(url)
        try:
            yield Letters(client)
        finally:
            await client.aclose()
