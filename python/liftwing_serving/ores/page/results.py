"""The table of scores that the form leads to. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from liftwing_serving.ores.page.html import Markup, joined, text
from liftwing_serving.ores.scores import Answer, Entry

# Models of topics tell dozens of probabilities, and few people look at more than these.
MAX_PROBABILITIES = 4


def table(answer: Answer, features: bool) -> Markup:
    """A row for each revision and model, with a column for features if these were asked for."""
    names = ["Revision", "Model", "Prediction", "Probabilities"] + ["Features"] * features
    head = joined(Markup(f'<th scope="col">{name}</th>') for name in names)
    body = joined(_rows(answer, features))
    return Markup(
        f'<div class="wide"><table class="plain" id="scores">'
        f"<caption>Scores of revisions of {text(answer.context)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _rows(answer: Answer, features: bool) -> Iterator[Markup]:
    for rev_id, entries in answer.scores.items():
        for model, entry in entries.items():
            head = f'<th scope="row">{rev_id}</th><td>{text(model)}</td>'
            yield Markup(f"<tr>{head}{_cells(entry, features)}</tr>")


def _cells(entry: Entry, features: bool) -> Markup:
    """What is told of one revision by one model."""
    if "error" in entry:
        return Markup(f'<td colspan="{2 + features}" class="error">{_error(entry["error"])}</td>')
    score = entry["score"]
    cells = [_prediction(score["prediction"]), _probabilities(score.get("probability", {}))]
    if features:
        cells.append(_features(entry.get("features", {})))
    return joined(Markup(f"<td>{cell}</td>") for cell in cells)


def _error(error: Mapping[str, Any]) -> Markup:
    kind, message = str(error["type"]), str(error["message"])
    # Of errors of a revision the message begins with the type.
    said = message.removeprefix(f"{kind}: ")
    return Markup(f"<strong>{text(kind)}</strong>: {text(said)}")


def _prediction(prediction: object) -> Markup:
    """A label, or several of them."""
    if isinstance(prediction, list):
        return text(", ".join(map(str, prediction)) or "none")
    return text(_written(prediction))


def _probabilities(probabilities: Mapping[str, float]) -> Markup:
    """The highest first."""
    ranked = sorted(probabilities.items(), key=lambda one: -one[1])
    lines = [Markup(f"<li>{text(label)} {100 * likely:.1f} %</li>") for label, likely in ranked]
    first, others = lines[:MAX_PROBABILITIES], lines[MAX_PROBABILITIES:]
    return Markup(_list(first) + (_folded(f"{len(others)} more", others) if others else ""))


def _features(features: Mapping[str, Any]) -> Markup:
    lines = [
        Markup(f"<li><code>{text(name)}</code> {text(_written(value))}</li>")
        for name, value in features.items()
    ]
    return _folded(f"{len(lines)} features", lines)


def _folded(summary: str, lines: Sequence[Markup]) -> Markup:
    return Markup(f"<details><summary>{summary}</summary>{_list(lines)}</details>")


def _list(lines: Sequence[Markup]) -> Markup:
    return Markup(f"<ul>{joined(lines)}</ul>") if lines else Markup("")


def _written(value: object) -> str:
    """Text as it is, anything else as JSON has it."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
