"""`liftwing-serving demo`: a wiki, models and everything around them to try the servers with."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated

import typer
from liftwing_serving.revscoring import FAMILIES

from liftwing_demo.children import die_with_parent
from liftwing_demo.mediawiki import serve as mediawiki_server
from liftwing_demo.eventgate import server as eventgate_server
from liftwing_demo.listening import FLAGS, LOOPBACK, MAKE_VARIABLES, Listening
from liftwing_demo.outlinks import card as outlink_card
from liftwing_demo.outlinks import read_report
from liftwing_demo.demo import Demo, DemoError, WikiKind
from liftwing_demo.run import (
    console,
    prepare,
    prepare_items,
    prepare_outlinks,
    prepare_wiki,
    stop_at_signals,
)
from liftwing_demo.run import run as run_demo
from liftwing_demo.tables import models_table
from liftwing_demo.training import SUITES, Suite, read_reports, suite_called
from liftwing_demo.training.card import Trained, render_card
from liftwing_demo.training.suites import EDITQUALITY
from liftwing_demo.wiki import WikiStore
from liftwing_demo.wiki import server as wiki_server

app = typer.Typer(
    help="A demo wiki with demo models: real software, made-up edits.",
    invoke_without_command=True,
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
NAMES = ", ".join(suite.name for suite in SUITES)


def _suite(name: str | Suite) -> Suite:
    try:
        return suite_called(str(name))
    except LookupError:
        raise typer.BadParameter(f"There are no demo models called {name}; there are {NAMES}.")


Models = Annotated[
    Suite,
    typer.Option("--family", envvar="FAMILY", parser=_suite, help=f"Which models: {NAMES}."),
]
All = Annotated[bool, typer.Option("--all", help="Train the models of every family.")]


@app.callback()
def demo(context: typer.Context, everything: All = False) -> None:
    """A demo wiki with demo models: real software, made-up edits."""
    if context.invoked_subcommand is not None:
        return
    if not everything:
        typer.echo(context.get_help())
        return
    _build(Demo(DEFAULT_FOLDER), SUITES)


@app.command()
def run(
    port: Annotated[int, typer.Option(help="HTTP port of the model server.")] = 8080,
    grpc_port: Annotated[
        int | None,
        typer.Option(help="gRPC port of the model server.", show_default="--port and one"),
    ] = None,
    wiki_port: Annotated[int, typer.Option(help="Port of the wiki.")] = 8090,
    outlinks_port: Annotated[
        int | None,
        typer.Option(
            help="The first of four ports of the outlink pair, which comes with editquality.",
            show_default="--port and two",
        ),
    ] = None,
    front_port: Annotated[
        int | None,
        typer.Option(
            help="The first of two ports: the front's, which has the page, and the EventGate's.",
            show_default="--port and six",
        ),
    ] = None,
    host: Host = LOOPBACK,
    folder: Folder = DEFAULT_FOLDER,
    revisions: Revisions = None,
    kind: Kind = WikiKind.EMBEDDED,
    suite: Models = EDITQUALITY,
    by_make: Annotated[
        bool, typer.Option("--by-make", help="Stop when make ends, and name its variables.")
    ] = False,
) -> None:
    """Build what is missing, start everything, show a score, wait for Ctrl-C."""
    if by_make:
        die_with_parent()
    # The pair belongs to the demo that is started if nothing else is asked for.
    outlinks = (outlinks_port or port + 2) if suite is EDITQUALITY else None
    front = front_port or port + 6
    listening = Listening(host, port, grpc_port or port + 1, wiki_port, outlinks, front)
    try:
        run_demo(
            Demo(folder, listening, revisions, kind, suite), MAKE_VARIABLES if by_make else FLAGS
        )
    except DemoError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("stopped")


@app.command()
def build(
    folder: Folder = DEFAULT_FOLDER,
    revisions: Revisions = None,
    suite: Models = EDITQUALITY,
    everything: All = False,
) -> None:
    """Build the wikis and train models, without starting anything."""
    _build(Demo(folder, revisions=revisions), SUITES if everything else (suite,))


def _build(demo: Demo, suites: Sequence[Suite]) -> None:
    stop_at_signals()
    try:
        built = prepare(demo, suites)
        # As with `run`, the pair's model comes with those of editquality.
        if EDITQUALITY in suites:
            built |= prepare_outlinks(demo)
    except DemoError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("stopped")
        raise typer.Exit(130) from None
    if built:
        console.print(models_table(suites, demo.models))
    console.print(f"{demo.wiki_file} and {demo.models} are up to date")


@app.command()
def wiki(
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8090,
    folder: Folder = DEFAULT_FOLDER,
    revisions: Revisions = None,
    kind: Kind = WikiKind.EMBEDDED,
    host: Host = LOOPBACK,
) -> None:
    """Serve the demo wiki alone, and the wiki of items to who asks for www.wikidata.org."""
    demo = Demo(folder, revisions=revisions, wiki=kind)
    try:
        prepare_wiki(demo)
    except DemoError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from None
    listen = ["--host", str(host), "--port", str(port)]
    if kind is WikiKind.MEDIAWIKI:
        sys.exit(mediawiki_server.main(["--dir", str(demo.mediawiki), *listen]))
    prepare_items(demo)
    files = ["--db", str(demo.wiki_file), "--db", str(demo.items_file)]
    sys.exit(wiki_server.main([*files, *listen]))


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
    table = models_table(SUITES, Demo(folder).models)
    if not table.row_count:
        typer.secho("There are no models yet; `liftwing-serving demo build` makes them.", err=True)
        raise typer.Exit(1)
    console.print(table)


def _card_of(name: str) -> str:
    names = [*(family.folder for family in FAMILIES), outlink_card.FAMILY]
    if name not in names:
        raise typer.BadParameter(f"There is no card called {name}; there are {', '.join(names)}.")
    return name


@app.command()
def card(
    family: Annotated[
        str, typer.Argument(parser=_card_of, help="Whose card: a family's folder, or outlink.")
    ],
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Print the section of a model card that tells how good the demo models are."""
    demo = Demo(folder)
    if family == outlink_card.FAMILY:
        with WikiStore.open(demo.wiki_file) as store:
            section = outlink_card.render_card(read_report(demo.models), store.meta())
        typer.echo(section, nl=False)
        return
    trained: list[Trained] = []
    served = next(one.kinds for one in FAMILIES if one.folder == family)
    for suite in SUITES:
        kinds = [recipe.kind for recipe in suite.recipes if recipe.kind in served]
        if kinds:
            reports = read_reports(suite, demo.models)
            with WikiStore.open(demo.stores[suite.site.database]) as store:
                trained.append((suite, {kind: reports[kind] for kind in kinds}, store.meta()))
    typer.echo(render_card(family, trained), nl=False)
