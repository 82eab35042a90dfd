"""The form to try ORES' API, with what comes of it and the API's paths. Pure functions."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from liftwing_serving.ores.failures import Failure
from liftwing_serving.ores.page import results
from liftwing_serving.ores.page.documents import Models
from liftwing_serving.ores.page.entries import Entered, path_of
from liftwing_serving.ores.page.frame import document
from liftwing_serving.ores.page.html import Markup, joined, text
from liftwing_serving.ores.queries import MAX_REVISIONS, Query
from liftwing_serving.ores.scores import Answer
from liftwing_serving.ores.spec import spec

METHODS = ("get", "post")


@dataclass(frozen=True, slots=True)
class Tried:
    """What was entered, and what came of it. `front` is the front's address as the client knows it;
    `query` is None if what was entered is none."""

    entered: Entered
    front: str
    query: Query | None = None
    answer: Answer | None = None
    failure: Failure | None = None


def form_page(tried: Tried, wikis: Models, root: str) -> str:
    """The form, its answer if it was sent, and the paths that there are."""
    content = (
        "<header><h1>Scores of revisions</h1></header>\n<main>\n"
        f"{_form(tried.entered, wikis, root)}\n{_outcome(tried, root)}\n{_paths(root)}\n"
        f'<p><a href="{root}">All changes</a>, <a href="{root}versions/">versions</a></p>\n</main>'
    )
    return document(_title(tried), content, root)


def _title(tried: Tried) -> str:
    """What a screen reader says first."""
    if tried.failure is not None:
        return "No scores"
    return f"Scores of {tried.entered.wiki}" if tried.answer else "Scores of revisions"


def _form(entered: Entered, wikis: Models, root: str) -> Markup:
    """What was entered is chosen again, also if it is none of what is known."""
    names = sorted({*wikis, entered.wiki} - {""})
    options = joined(_option(name, name == entered.wiki) for name in names)
    kinds = sorted({kind for models in wikis.values() for kind in models} | {*entered.models})
    boxes = joined(_box("models", kind, kind, kind in entered.models) for kind in kinds)
    # The answer's heading is where the keyboard goes on from.
    return Markup(f"""<form id="try" method="get" action="{root}ui/#answer">
<label for="wiki">Wiki</label> <select id="wiki" name="wiki" required>{options}</select>
<label for="revids">Revisions</label>
<input id="revids" name="revids" value="{text(entered.revids)}" required autocomplete="off"
 aria-describedby="revids-hint">
<span id="revids-hint" class="none">up to {MAX_REVISIONS} ids with spaces or commas between</span>
<fieldset aria-describedby="models-hint"><legend>Models</legend>{boxes}
<span id="models-hint" class="none">without any: all of the wiki's</span></fieldset>
{_box("features", "true", "Features, too", entered.features)}
<button type="submit">Score</button>
</form>""")


def _option(name: str, chosen: bool) -> Markup:
    return Markup(f"<option{' selected' if chosen else ''}>{text(name)}</option>")


def _box(name: str, value: str, label: str, checked: bool) -> Markup:
    return Markup(
        f'<label><input type="checkbox" name="{name}" value="{text(value)}"'
        f"{' checked' if checked else ''}> {text(label)}</label>\n"
    )


def _outcome(tried: Tried, root: str) -> Markup:
    """The scores or why there are none, with what a program would ask; nothing before."""
    if tried.failure is not None:
        title, body = "No scores", Markup(f'<p role="alert">{text(tried.failure.message)}</p>')
    elif tried.answer is not None:
        title, body = "Scores", results.table(tried.answer, tried.entered.features)
    else:
        return Markup("")
    return Markup(
        f'<section aria-labelledby="answer"><h2 id="answer" tabindex="-1">{title}</h2>\n{body}\n'
        f"{_for_programs(tried, root)}</section>"
    )


def _for_programs(tried: Tried, root: str) -> Markup:
    """The same request of ORES' API."""
    if tried.query is None:
        return Markup("")
    path = path_of(tried.query)
    command = text(f"curl {shlex.quote(f'{tried.front}/{path}')}")
    return Markup(
        f'<p>For programs: <a href="{text(root + path)}">the same as JSON</a>, or</p>\n'
        f'<pre><code id="command">{command}</code></pre>'
    )


def _paths(root: str) -> Markup:
    rows = joined(_described())
    return Markup(
        '<section aria-labelledby="paths"><h2 id="paths">Paths</h2>\n'
        '<div class="wide"><table class="plain"><caption>What programs can ask for</caption>'
        '<thead><tr><th scope="col">Path</th><th scope="col">Method</th>'
        f'<th scope="col">Answer</th></tr></thead><tbody>{rows}</tbody></table></div>\n'
        f'<p><a href="{root}v3/spec/">Parameters, answers and errors</a></p></section>'
    )


def _described() -> Iterable[Markup]:
    """A row for each path and method of the API's description."""
    for path, operations in spec()["paths"].items():
        for method in METHODS:
            if method in operations:
                summary = operations[method]["summary"]
                yield Markup(
                    f'<tr><th scope="row"><code>{text(path)}</code></th>'
                    f"<td>{method.upper()}</td><td>{text(summary)}</td></tr>"
                )
