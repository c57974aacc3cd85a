"""`darkroom weights`: the models on this machine and the ones that can be fetched."""

import importlib.util
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from core import captions
from core.errors import DarkroomError, ModelUnavailable
from core.recipe import Preset
from core.settings import WorkerSettings
from weights.catalog import CatalogRow
from weights.roster import Roster, runnable
from weights.store import WeightsStore

app = typer.Typer(help="Models: list, fetch, verify.", no_args_is_help=True)
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID…]", help="Models by name.")]


def _store() -> WeightsStore:
    return WeightsStore(WorkerSettings.load().weights)


@app.command("list")
def list_models() -> None:
    """Show every model: what it is for, its size and licence, and whether it is in use here."""
    settings = WorkerSettings.load()
    store = WeightsStore(settings.weights)
    on_cpu = _on_cpu(settings)
    problem = ""
    try:
        roster = Roster(store, chosen=Roster.wished(settings), on_cpu=on_cpu)
    except ModelUnavailable as error:
        problem = f"A setting names a model that cannot serve. {error}"
        roster = Roster(store, on_cpu=on_cpu)
    active = roster.capabilities().serving()
    for_art = roster.capabilities(Preset.ART).serving()
    table = Table(box=None, pad_edge=False)
    for heading in ("model", "for", "size", "licence", ""):
        table.add_column(heading, no_wrap=heading != "licence")
    for row in store.catalog:
        standing = "installed" if store.installed(row) else ""
        if row.id in active:
            standing = "active"
        elif row.id in for_art:
            standing = "art only"
        table.add_row(
            row.id,
            f"{row.purpose} {row.scale}×" if row.scale > 1 else str(row.purpose),
            captions.size(row.bytes) if row.bytes else "",
            _licence(row),
            standing,
        )
    console = Console(highlight=False)
    console.print(table)
    console.print("\nactive: installed, and serves photos here. Fetched files and yours lie in")
    console.print(str(settings.weights), soft_wrap=True)
    for row in store.rows():
        if not runnable(row):
            console.print(f"{row.id} cannot run: its package {row.package} is not installed.")
    if problem:
        console.print(Text(problem, style="bold red"), soft_wrap=True)


def _licence(row: CatalogRow) -> Text:
    said = row.licence
    if row.commercial is False and "non-commercial" not in said:
        said += ", non-commercial"
    return Text(said, style="bold red" if row.commercial is False else "")


def _on_cpu(settings: WorkerSettings) -> bool:
    if settings.device == "cpu" or importlib.util.find_spec("torch") is None:
        return True
    import torch  # seconds to import, and only here

    return not torch.cuda.is_available()


@app.command()
def fetch(
    ids: Ids = None,
    recommended: Annotated[
        bool, typer.Option("--recommended", help="The best models for most photos.")
    ] = False,
    accept_license: Annotated[
        bool, typer.Option("--accept-license", help="Accept non-commercial licences.")
    ] = False,
) -> None:
    """Download published models, checked by SHA-256; an interrupted download goes on."""
    from weights.fetch import fetch as fetch_rows  # a network client, wanted here alone

    store = _store()
    rows = [store.catalog.find(name) for name in ids or ()]
    if recommended:
        rows += [row for row in store.catalog if row.recommended and row not in rows]
    if not rows:
        raise typer.BadParameter("Name the models, or say --recommended.")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    settings = WorkerSettings.load()
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {row.id: bars.add_task(row.id, total=row.bytes or None) for row in rows}

        def told(row: CatalogRow, done: int) -> None:
            bars.update(tasks[row.id], completed=done)

        outcomes = fetch_rows(
            rows,
            store,
            accept_license=accept_license,
            mirror=settings.weights_mirror,
            progress=told,
        )
    for outcome in outcomes:
        if outcome.error is not None:
            typer.echo(f"✗ {outcome.error}")
        else:
            word = "fetched and checked" if outcome.fresh else "here already, checked"
            typer.echo(f"✓ {outcome.row.id}: {word}: {outcome.path}")
    raise typer.Exit(1 if any(outcome.error for outcome in outcomes) else 0)


@app.command()
def verify(
    ids: Ids = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Take changed files of your own as they are now.")
    ] = False,
) -> None:
    """Hash the installed models again and compare; the exit code is 0 only if all are sound."""
    store = _store()
    rows = [store.catalog.find(name) for name in ids] if ids else list(store.rows())
    failed = False
    for row in rows:
        try:
            found = store.trust(row) if trust and row.own else store.verify(row)
        except DarkroomError as error:
            failed = True
            typer.echo(f"✗ {row.id}: {error}")
        else:
            typer.echo(f"✓ {row.id}: {found}")
    raise typer.Exit(1 if failed else 0)
