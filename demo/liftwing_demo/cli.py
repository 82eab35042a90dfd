"""`liftwing-serving demo`: a wiki, models and everything around them to try the servers with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from liftwing_demo.children import die_with_parent
from liftwing_demo.mediawiki import serve as mediawiki_server
from liftwing_demo.eventgate import server as eventgate_server
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
DEFAULT_FOLDER = Path("build/demo")


@app.command()
def run(
    port: Annotated[int, typer.Option(help="HTTP port of the model server.")] = 8080,
    grpc_port: Annotated[int, typer.Option(help="gRPC port of the model server.")] = 8081,
    wiki_port: Annotated[int, typer.Option(help="Port of the wiki.")] = 8090,
    folder: Folder = DEFAULT_FOLDER,
    revisions: Revisions = None,
    kind: Kind = WikiKind.EMBEDDED,
    with_parent: Annotated[
        bool, typer.Option("--die-with-parent", help="Stop when the calling process ends.")
    ] = False,
) -> None:
    """Build what is missing, start wiki and model server, show a score, wait for Ctrl-C."""
    if with_parent:
        die_with_parent()
    try:
        run_demo(Demo(folder, port, grpc_port, wiki_port, revisions, kind))
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
) -> None:
    """Serve the demo wiki alone."""
    demo = Demo(folder, revisions=revisions, wiki=kind)
    try:
        prepare_wiki(demo)
    except DemoError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from None
    if kind is WikiKind.MEDIAWIKI:
        sys.exit(mediawiki_server.main(["--dir", str(demo.mediawiki), "--port", str(port)]))
    sys.exit(wiki_server.main(["--db", str(demo.wiki_file), "--port", str(port)]))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def eventgate(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8192,
) -> None:
    """Run a small EventGate that shows the events it receives.

    Point a model server at it with `EVENTGATE_URL=http://127.0.0.1:8192/v1/events`. More options:
    `--schemas DIR` to validate, `--pretty`, `--quiet`.
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
