"""The documents: the page itself, a diff, and what is said instead of one. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from liftwing_serving.ores.page import rows
from liftwing_serving.ores.page.changes import Change
from liftwing_serving.ores.page.comparison import Comparison, Line, Part
from liftwing_serving.ores.page.diffs import Diff
from liftwing_serving.ores.page.frame import document
from liftwing_serving.ores.page.html import Markup, foreign, joined, text

# The models of each wiki, with their versions where these are known.
Models = Mapping[str, Mapping[str, str | None]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows, changes oldest first. `after` is the event's id to go on from;
    `followed` says that there is a stream of changes at all."""

    wikis: Models
    columns: Sequence[str]
    changes: Sequence[Change] = ()
    threshold: int = 0
    after: str = ""
    followed: bool = False


def front_page(shown: Shown) -> str:
    """The models, and the changes, newest first."""
    parts = _changes(shown) if shown.followed else _NO_STREAM
    content = (
        f"<header><h1>Lift Wing: edits as they are scored</h1></header>\n"
        f"<main>\n{parts}\n{_models(shown.wikis)}\n</main>"
    )
    return document("Edits as they are scored", content, "", script=shown.followed)


def diff_page(diff: Diff, root: str) -> str:
    """What an edit changed, as a page of its own. `root` leads to the front's page."""
    content = f'<main class="alone">{diff_part(diff)}<p><a href="{root}">All changes</a></p></main>'
    return document("What an edit changed", content, root)


def error_page(message: str, root: str) -> str:
    """Why there is nothing to show."""
    content = (
        f'<main class="alone"><article class="comparison"><h1 id="diff-title">Sorry</h1>'
        f'<p>{text(message)}</p></article><p><a href="{root}">All changes</a></p></main>'
    )
    return document("Sorry", content, root)


def diff_part(diff: Diff) -> Markup:
    """What an edit changed: an article, which the script puts into a dialog."""
    revision = diff.revision
    title = f"revision {diff.rev_id}" if revision is None else revision.page.title
    if diff.comparison is None:
        body = Markup(f"<p>{text(diff.reason)}</p>")
    else:
        body = _comparison(diff.comparison)
    about = f"Revision {diff.rev_id} of {diff.wiki}"
    return Markup(
        f'<article class="comparison"><h1 id="diff-title">{foreign(title)}</h1>\n'
        f"<p>{text(about)}</p>\n{body}</article>"
    )


_NO_STREAM = Markup(
    "<p>This front follows no stream of score events: "
    "<code>SCORE_STREAM_URL</code> names one.</p>"
)


def _changes(shown: Shown) -> str:
    newest_first = reversed(shown.changes)
    body = joined(rows.row(change, shown.columns, shown.threshold) for change in newest_first)
    passing = sum(rows.passes(change, shown.threshold) for change in shown.changes)
    count = f"{passing} of {len(shown.changes)} changes shown."
    return f"""<form id="filter" method="get" action="./">
<label for="threshold">Show edits that are damaging with at least</label>
<span class="amount"><input id="threshold" name="threshold" type="number" min="0" max="100" step="1"
 value="{shown.threshold}" inputmode="numeric"> %</span>
<input id="slider" type="range" min="0" max="100" value="{shown.threshold}" hidden
 aria-label="The same threshold, in percent">
<button type="submit" id="apply">Filter</button>
<button type="button" id="pause" aria-pressed="false" hidden>Pause</button>
</form>
<p id="state" role="status"></p>
<p id="count">{count}</p>
<p id="announcement" class="for-readers" role="status" aria-live="polite"></p>
<noscript><p>Load the page again to see newer changes.</p></noscript>
<div class="wide">
<table role="table" id="changes" data-after="{text(shown.after)}"
 data-models="{text(",".join(shown.columns))}">
<caption>The last changes, newest first</caption>
<thead role="rowgroup">{rows.head(shown.columns)}</thead>
<tbody role="rowgroup">{body}</tbody>
</table>
</div>
<p id="waiting"{" hidden" if shown.changes else ""}>No change has been scored since somebody
looked. They appear here as they come.</p>
<p id="nothing"{" hidden" if passing or not shown.changes else ""}>None of them is that likely to
do harm.</p>
<dialog id="dialog" aria-labelledby="diff-title">
<button type="button" id="close">Close</button><div id="diff"></div></dialog>"""


def _models(wikis: Models) -> Markup:
    lines = [
        Markup(f"<li><strong>{text(wiki)}</strong>: {', '.join(map(_model, kinds.items()))}</li>")
        for wiki, kinds in wikis.items()
    ]
    listed = Markup(f"<ul>{joined(lines)}</ul>") if lines else Markup("<p>None is known.</p>")
    return Markup(
        f'<section aria-labelledby="models"><h2 id="models">Models</h2>{listed}'
        "<p>They answer at <code>/v1/models/<var>wiki</var>-<var>model</var>:predict</code> and, "
        "as ORES did, at <code>/v3/scores/<var>wiki</var></code>. "
        '<a href="ui/">Try them in a form</a>.</p></section>'
    )


def _model(model: tuple[str, str | None]) -> Markup:
    kind, version = model
    return Markup(f"{text(kind)} {text(version)}" if version else text(kind))


def _comparison(comparison: Comparison) -> Markup:
    if not comparison.lines:
        return Markup("<p>The texts are the same.</p>")
    counts = f"<p>{_lines(comparison.added)} added, {comparison.removed} removed.</p>"
    lines = joined(map(_line, comparison.lines))
    more = f"<p>Not shown: {_lines(comparison.left_out)}.</p>" if comparison.left_out else ""
    return Markup(
        f'{counts}<div class="wide"><table class="lines"><caption class="for-readers">Changed lines'
        '</caption><thead class="for-readers"><tr><th scope="col">Before</th>'
        '<th scope="col">After</th><th scope="col">Change</th><th scope="col">Text</th></tr>'
        f"</thead><tbody>{lines}</tbody></table></div>{more}"
    )


def _lines(number: int) -> str:
    return "1 line" if number == 1 else f"{number} lines"


_SIGNS = {
    "+": ("added", "+", "ins"),
    "-": ("removed", "−", "del"),
    " ": ("unchanged", "", "span"),
}


def _line(line: Line) -> Markup:
    kind, sign, element = _SIGNS[line.sign]
    content = joined(_part(part, element) for part in line.parts)
    numbers = "".join(f"<td>{'' if one is None else one}</td>" for one in (line.old, line.new))
    spoken = f'<span class="for-readers">{kind}</span><span aria-hidden="true">{sign}</span>'
    return Markup(
        f'<tr class="{kind}">{numbers}<td>{spoken}</td><td dir="auto">{content}</td></tr>'
    )


def _part(part: Part, element: str) -> Markup:
    if not part.changed:
        return text(part.text)
    return Markup(f"<{element}>{text(part.text)}</{element}>")
