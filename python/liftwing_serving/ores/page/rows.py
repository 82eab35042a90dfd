"""The table of changes: its head, and a row for each. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from liftwing_serving.ores.page.changes import Change
from liftwing_serving.ores.page.events import Score
from liftwing_serving.ores.page.html import Markup, foreign, joined, text

# How likely an edit does harm, from which percentage on, and in words beside the colour.
RISKS = ((75, "very likely"), (50, "likely"), (25, "possible"), (0, "unlikely"))
# Of a comment: the section that was edited, and what a link is to be read as.
_SECTION = re.compile(r"/\* *([^*/]{1,200}?) *\*/ *")
_LINK = re.compile(r"\[\[(?:[^\[\]|]{0,300}\|)?([^\[\]|]{1,300})\]\]")
NOTHING = Markup('<span class="none">–</span>')


def percent(likely: float) -> int:
    """As it is shown, and as it is compared with the threshold."""
    return round(100 * likely)


def passes(change: Change, threshold: int) -> bool:
    """Whether the change is among those that are at least so likely to do harm."""
    return threshold == 0 or (change.damage is not None and percent(change.damage) >= threshold)


def head(models: Sequence[str]) -> Markup:
    """The columns' names."""
    names = ["Time (UTC)", "Page", "User", "Comment", "Damaging?", *models, "Edit"]
    cells = (Markup(f'<th role="columnheader" scope="col">{text(name)}</th>') for name in names)
    return Markup(f'<tr role="row">{joined(cells)}</tr>')


def row(change: Change, models: Iterable[str], threshold: int = 0) -> Markup:
    """One change, with a cell for each of the models; hidden if it does not pass the threshold."""
    told = change.told
    percentage, word = _risk(change)
    wiki = f'<span class="wiki">{text(told.wiki)}</span>'
    new = ' <span class="new">new page</span>' if told.created else ""
    title = f"revision {told.rev_id}" if told.title is None else told.title
    by_model = {score.model: score for score in told.scores}
    cells = [
        _cell("Time (UTC)", _time(told.time)),
        Markup(
            '<th role="rowheader" scope="row" data-label="Page">'
            f"<span>{foreign(title)} {wiki}{new}</span></th>"
        ),
        _cell("User", foreign(told.user) if told.user else NOTHING),
        _cell("Comment", foreign(_comment(told.comment)) if told.comment else NOTHING),
        _cell("Damaging?", Markup(f'<span class="risk">{word}</span>')),
        *(_cell(model, _score(by_model.get(model))) for model in models),
        _cell("Edit", _link(told.wiki, told.rev_id, title)),
    ]
    hidden = "" if passes(change, threshold) else " hidden"
    return Markup(
        f'<tr role="row" id="change-{text(change.key)}" class="{word.replace(" ", "-")}"'
        f' data-damage="{percentage}"{hidden}>{joined(cells)}</tr>'
    )


def _risk(change: Change) -> tuple[str, str]:
    """The percentage, empty if there is none, and the word for it."""
    if change.damage is None:
        return "", "unknown"
    percentage = percent(change.damage)
    return str(percentage), next(word for least, word in RISKS if percentage >= least)


def _cell(label: str, content: Markup) -> Markup:
    """The label is what the column is called where there is no room for columns."""
    return Markup(f'<td role="cell" data-label="{text(label)}">{content}</td>')


def _comment(comment: str) -> str:
    """About as MediaWiki shows it."""
    return _LINK.sub(r"\1", _SECTION.sub(r"→\1: ", comment)).removesuffix(": ")


def _time(time: str | None) -> Markup:
    if time is None:
        return NOTHING
    day, _, clock = time.removesuffix("Z").partition("T")
    return Markup(f'<time datetime="{text(time)}" title="{text(day)}">{text(clock)}</time>')


def _score(score: Score | None) -> Markup:
    if score is None:
        return NOTHING
    percentage = percent(score.likely)
    label = Markup("") if score.binary else Markup(f"{text(score.label)} ")
    bar = (
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="rail" width="100" height="6"/><rect width="{percentage}" height="6"/></svg>'
    )
    return Markup(f'<span class="score">{label}{percentage} %{bar}</span>')


def _link(wiki: str, rev_id: int, title: str) -> Markup:
    address = f"diff/{text(wiki)}/{rev_id}"
    return Markup(f'<a class="diff" href="{address}" aria-label="diff of {text(title)}">diff</a>')
