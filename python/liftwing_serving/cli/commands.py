"""What `liftwing-serving` can do."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections import defaultdict
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import Progress
from rich.table import Table

from liftwing_serving import catalogue, revscoring
from liftwing_serving.catalogue import Service
from liftwing_serving.cli import new as adding
from liftwing_serving.cli.images import settings_by_image
from liftwing_serving.cli.asking import Answer, score_all
from liftwing_serving.revscoring import ServiceName, family_of
from liftwing_serving.settings import SettingsError, as_markdown

# Commands of other distributions, such as the demo, appear under this group.
PLUGINS = "liftwing_serving.commands"

app = typer.Typer(
    help="Model servers that score Wikipedia edits: start one, ask one, look around.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
)
errors = Console(stderr=True)


def add_plugins() -> None:
    """Add the commands of other installed distributions."""
    for plugin in entry_points(group=PLUGINS):
        app.add_typer(plugin.load(), name=plugin.name)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def serve(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The model, e.g. `enwiki-goodfaith`.")],
    wiki_url: Annotated[str, typer.Option(help="The MediaWiki to ask.")],
    model_path: Annotated[Path | None, typer.Option(help="The model file or directory.")] = None,
    port: Annotated[int, typer.Option(help="HTTP port.")] = 8080,
    grpc_port: Annotated[int, typer.Option(help="gRPC port.")] = 8081,
    host: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 is all of this machine's.")
    ] = "127.0.0.1",
) -> None:
    """Serve a model as its image does, or several of one wiki: `enwiki-damaging,enwiki-goodfaith`.

    Example: `liftwing-serving serve enwiki-goodfaith --wiki-url https://en.wikipedia.org
    --model-path model.bin`. Without a path the model is looked for in `/mnt/models`.

    All other settings come from the environment (docs/configuration.md); KServe's own flags may
    follow.
    """
    given = {"inference_name": name, "wiki_url": wiki_url}
    if model_path:
        given["model_path"] = str(model_path)
    try:
        kind = ServiceName.parse(name.split(",")[0]).kind
    except SettingsError as error:
        _fail(str(error))
    family = family_of(kind)
    if family is None:
        _fail(f"No family of models here serves {kind}.")
    listen = ["--host", host, "--http_port", str(port), "--grpc_port", str(grpc_port)]
    revscoring.serve(family, arguments=[*listen, *context.args], **given)


@app.command()
def score(
    name: Annotated[str, typer.Argument(help="The model, e.g. `enwiki-damaging`.")],
    rev_ids: Annotated[list[int], typer.Argument(help="Revision ids.", min=1)],
    url: Annotated[str, typer.Option(help="The model server.")] = "http://localhost:8080",
    as_json: Annotated[bool, typer.Option("--json", help="Whole answers, one a line.")] = False,
    extended: Annotated[bool, typer.Option(help="Ask for the features too (see --json).")] = False,
) -> None:
    """Ask a running server to score revisions.

    Example: `liftwing-serving score enwiki-damaging 1000001 1000002`

    Exits with 1 if any revision could not be scored.
    """
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("scoring", total=len(rev_ids))
        answers = asyncio.run(
            score_all(url, name, rev_ids, extended, lambda: progress.advance(task))
        )
    if as_json:
        for answer in answers:
            sys.stdout.write(orjson.dumps(answer.document).decode() + "\n")
    else:
        Console().print(_score_table(name, answers))
    raise typer.Exit(any(answer.error for answer in answers))


@app.command()
def services(
    wiki: Annotated[str | None, typer.Option(help="Only this wiki, e.g. `enwiki`.")] = None,
    model: Annotated[str | None, typer.Option(help="Only this model, e.g. `damaging`.")] = None,
    long: Annotated[bool, typer.Option("--long", help="All that is set for each.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="All that is set, as JSON.")] = False,
) -> None:
    """List the services that operators run; a lone one with all that is set for it.

    Example: `liftwing-serving services --wiki enwiki --model damaging`
    """
    chosen = [
        service
        for service in catalogue.services()
        if wiki in (None, service.wiki) and model in (None, service.kind)
    ]
    if as_json:
        records = [_record(service) for service in chosen]
        sys.stdout.write(orjson.dumps(records).decode() + "\n")
        return
    if long or len(chosen) == 1:
        for service in chosen:
            Console().print(_service_table(service))
        return
    by_kind: dict[str, list[str]] = defaultdict(list)
    for service in chosen:
        by_kind[service.kind].append(service.wiki or "all Wikipedias")
    table = Table("model", "wikis", "services", caption=f"{len(chosen)} services", show_lines=True)
    for kind, wikis in by_kind.items():
        table.add_row(kind, ", ".join(wikis), str(len(wikis)))
    Console().print(table)


@app.command()
def settings(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As docs/configuration.md has them.")
    ] = False,
) -> None:
    """List the environment variables that servers read."""
    text = as_markdown(settings_by_image())
    if markdown:
        sys.stdout.write(text)
    else:
        Console().print(Markdown(text))


@app.command()
def corpora(
    to: Annotated[Path, typer.Option(help="Folder to prepare.")] = Path("build/nltk_data"),
) -> None:
    """Prepare the word lists that feature lists read when they are imported."""
    raise typer.Exit(revscoring.corpora.main(["--to", str(to)]))


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The family's name, e.g. `edit-summary`.")],
) -> None:
    """Add a family of models to the checkout: server, model card, test, image and its pipelines.

    What is written serves a scikit-learn classifier of texts at once; docs/new-family.md leads from
    there to a model of your own. Nothing is written if anything is in the way.

    Example: `liftwing-serving new edit-summary`
    """
    try:
        root = adding.find_checkout(Path.cwd())
        new_files = adding.new_files(root, name)
        changed_files = adding.changed_files(root, name)
        adding.write(root, new_files | changed_files)
    except (adding.CannotAdd, OSError) as error:
        _fail(str(error))
    for verb, files in (("wrote", new_files), ("changed", changed_files)):
        for path in files:
            sys.stdout.write(f"{verb:8}{path}\n")
    sys.stdout.write(f"Next: `make locks`, which writes {name}/requirements.lock.\n")


def _record(service: Service) -> dict[str, Any]:
    return {**dataclasses.asdict(service), "storage_path": service.storage_path}


def _service_table(service: Service) -> Table:
    table = Table(title=service.name, show_header=False)
    for field, value in _record(service).items():
        table.add_row(field, "" if value is None else str(value))
    return table


def _score_table(name: str, answers: list[Answer]) -> Table:
    table = Table("revision", "prediction", "probability", title=name)
    for answer in answers:
        if answer.error:
            table.add_row(str(answer.rev_id), "[red]error[/red]", answer.error)
            continue
        score = answer.score(name)
        likely = sorted(score["probability"].items(), key=lambda item: -item[1])
        shown = "  ".join(f"{label} {probability:.3f}" for label, probability in likely[:4])
        table.add_row(str(answer.rev_id), shown_prediction(score["prediction"]), shown)
    return table


def shown_prediction(prediction: bool | str | list[str]) -> str:
    """A prediction as the table has it; topics are several or none."""
    if isinstance(prediction, list):
        return ", ".join(prediction) or "none"
    return str(prediction).lower() if isinstance(prediction, bool) else prediction


def _fail(message: str) -> NoReturn:
    errors.print(message, style="red", markup=False, highlight=False)
    raise typer.Exit(2)
