"""`liftwing-serving demo`: a wiki, models and everything around them to try the servers with."""

from __future__ import annotations

import sys
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from liftwing_demo.children import die_with_parent
from liftwing_demo.mediawiki import serve as mediawiki_server
from liftwing_demo.eventgate import server as eventgate_server
from liftwing_demo.listening import FLAGS, LOOPBACK, MAKE_VARIABLES, Listening
from liftwing_demo.run import FAMILY, Demo, DemoError, WikiKind, console, prepare, prepare_wiki
from liftwing_demo.run import run as run_demo
from liftwing_demo.training import read_reports
from liftwing_demo.wiki import WikiStore
from liftwing_demo.wiki import server as wiki_server

app = typer.Typer(
    help="A demo wiki with demo models: real software, made-up edits.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Folder = Annotated[Path, typer.Option("--dir", help="Where wiki and models are kept.")]
Revisions = Annotated[
    int | None, typer.Option(help="How many edits to make up; more come from the same seed.")
]
Kind = Annotated[
    WikiKind,
    typer.Option("--wiki", envvar="WIKI", help="Which program is the wiki; mediawiki needs PHP."),
]
Host = Annotated[
    IPv4Address,
    typer.Option(parser=IPv4Address, help="The address to listen on; 0.0.0.0 is all there are."),
]
DEFAULT_FOLDER = Path("build/demo")


@app.command()
def run(
    port: Annotated[int, typer.Option(help="HTTP port of the model server.")] = 8080,
    grpc_port: Annotated[
        int | None,
        typer.Option(help="gRPC port of the model server.", show_default="--port and one"),
    ] = None,
    wiki_port: Annotated[int, typer.Option(help="Port of the wiki.")] = 8090,
    host: Host = LOOPBACK,
    folder: Folder = DEFAULT_FOLDER,
    revisions: Revisions = None,
    kind: Kind = WikiKind.EMBEDDED,
    by_make: Annotated[
        bool, typer.Option("--by-make", help="Stop when make ends, and name its variables.")
    ] = False,
) -> None:
    """Build what is missing, start wiki and model server, show a score, wait for Ctrl-C."""
    if by_make:
        die_with_parent()
    listening = Listening(host, port, grpc_port or port + 1, wiki_port)
    try:
        run_demo(Demo(folder, listening, revisions, kind), MAKE_VARIABLES if by_make else FLAGS)
    except DemoError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("stopped")


@app.command()
def build(folder: Folder = DEFAULT_FOLDER, revisions: Revisions = None) -> None:
    """Build the wiki and train the models, without starting anything."""
    demo = Demo(folder, revisions=revisions)
    prepare(demo)
    console.print(f"{demo.wiki_file} and {demo.models} are up to date")


@app.command()
def wiki(
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8090,
    folder: Folder = DEFAULT_FOLDER,
    revisions: Revisions = None,
    kind: Kind = WikiKind.EMBEDDED,
    host: Host = LOOPBACK,
) -> None:
    """Serve the demo wiki alone."""
    demo = Demo(folder, revisions=revisions, wiki=kind)
    try:
        prepare_wiki(demo)
    except DemoError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from None
    listen = ["--host", str(host), "--port", str(port)]
    if kind is WikiKind.MEDIAWIKI:
        sys.exit(mediawiki_server.main(["--dir", str(demo.mediawiki), *listen]))
    sys.exit(wiki_server.main(["--db", str(demo.wiki_file), *listen]))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def eventgate(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8192,
) -> None:
    """Run a small EventGate that shows the events it receives.

    Point a model server at it with `EVENTGATE_URL=http://127.0.0.1:8192/v1/events`. More options:
    `--schemas DIR` to validate, `--pretty`, `--quiet`, `--host`.
    """
    sys.exit(eventgate_server.main(["--port", str(port), *context.args]))


@app.command()
def models(folder: Folder = DEFAULT_FOLDER) -> None:
    """Show how good the demo models are, as measured when they were trained."""
    try:
        reports = read_reports(Demo(folder).models)
    except OSError:
        typer.secho("There are no models yet; `liftwing-serving demo build` makes them.", err=True)
        raise typer.Exit(1) from None
    table = Table("model", "version", "ROC AUC", "precision", "recall", "held-out revisions")
    for name in FAMILY.kinds:
        report = reports[name]
        rates = (report.roc_auc, report.precision, report.recall)
        figures = ("-" if rate is None else f"{rate:.3f}" for rate in rates)
        table.add_row(f"enwiki-{name}", report.version, *figures, str(report.held_out))
    console.print(table)


@app.command()
def card(folder: Folder = DEFAULT_FOLDER) -> None:
    """Print the section of the model card that tells how good the demo models are."""
    from liftwing_demo.training.card import render_card

    demo = Demo(folder)
    with WikiStore.open(demo.wiki_file) as store:
        typer.echo(render_card(read_reports(demo.models), store.meta()), nl=False)
