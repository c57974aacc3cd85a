"""`darkroom communities`: the settings of groups and servers as TOML, out and in."""

import asyncio
import contextlib
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from core import logs, store
from core.communities import Communities, Community
from core.errors import DarkroomError
from core.rules import exported
from core.settings import StoreSettings
from darkroom.redis import redis_url

app = typer.Typer(help="Groups and servers: their settings as TOML.", no_args_is_help=True)


@app.command()
def export(
    platform: Annotated[
        str | None, typer.Option(metavar="NAME", help="telegram or discord; both if left out.")
    ] = None,
) -> None:
    """Print the settings of every group and server that the bots know."""
    logs.configure("ERROR")
    typer.echo(asyncio.run(_exported(platform)), nl=False)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `export` has printed.")],
) -> None:
    """Take settings in again, all or none; groups that the file does not name are left alone."""
    logs.configure("ERROR")
    found = _read(file)
    asyncio.run(_restored(found))
    typer.echo(f"Restored {len(found)}.")


async def _exported(platform: str | None) -> str:
    async with _communities() as communities:
        found = [community async for community in communities.all(platform)]
    return exported(*sorted(found, key=lambda community: (community.platform, community.id)))


async def _restored(found: list[Community]) -> None:
    async with _communities() as communities:
        for community in found:
            values = community.model_dump(exclude={"platform", "id", "v"})
            await communities.change(community.platform, community.id, **values)


def _read(file: Path) -> list[Community]:
    try:
        tables: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
        return [
            # whoever has settings here has met the bot already
            Community.model_validate(
                {"introduced": True} | settings | {"platform": platform, "id": name}
            )
            for platform, communities in tables.items()
            for name, settings in communities.items()
        ]
    except OSError as error:
        raise DarkroomError(f"{file} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise DarkroomError(f"{file}: {place}: {first['msg']}.") from error
    except (ValueError, AttributeError, TypeError) as error:
        raise DarkroomError(f"{file} is no export of communities: {error}.") from error


@contextlib.asynccontextmanager
async def _communities() -> AsyncIterator[Communities]:
    async with redis_url(StoreSettings.load(), lasting=True) as url:
        client = store.connect(url)
        try:
            yield Communities(client)
        finally:
            await client.aclose()
