"""The model card of the demo models, as a section of Markdown."""

from collections.abc import Iterable, Mapping

from liftwing_demo.training.record import ModelReport
from liftwing_demo.training.suite import Suite

Trained = tuple[Suite, Mapping[str, ModelReport], Mapping[str, str]]
"""A suite, reports of those of its models that a card is about, and the `meta` of its wiki."""


def render_card(family: str, trained: Iterable[Trained]) -> str:
    """A section about the demo models that the server of a family serves."""
    trained = list(trained)
    parts = [_part(*one, alone=len(trained) == 1) for one in trained]
    return f"""## Demo models

These models show how the services work. They are not for real use: they learnt from what is made \
up.

{_SEPARATOR.join(parts)}
`liftwing-serving demo card {family}` prints this section; run it again after training.
"""


_SEPARATOR = "\n"
_HEAD = """\
| model | version | features | trained on | held out | ROC AUC | precision | recall |
|---|---|---|---|---|---|---|---|
"""


def _part(
    suite: Suite, reports: Mapping[str, ModelReport], wiki: Mapping[str, str], alone: bool
) -> str:
    heading = "" if alone else f"### {suite.title[:1].upper()}{suite.title[1:]}\n\n"
    rows = "".join(f"| {' | '.join(_cells(suite, report))} |\n" for report in reports.values())
    return f"{heading}{suite.story.format(**wiki)}\n{_HEAD}{rows}"


def _cells(suite: Suite, report: ModelReport) -> tuple[str, ...]:
    return (
        suite.service(report.name),
        report.version,
        str(report.features),
        str(report.trained_on),
        f"{report.held_out} ({_counts(report.held_out_labels)})",
        shown_rate(report.roc_auc),
        shown_rate(report.precision),
        shown_rate(report.recall),
    )


def _counts(labels: Mapping[str, int]) -> str:
    """How often each label occurs, or of many labels how many occur at all."""
    if len(labels) > 6:
        return f"{sum(count > 0 for count in labels.values())} of {len(labels)} labels"
    return ", ".join(f"{label} {count}" for label, count in labels.items())


def shown_rate(value: float | None) -> str:
    """A rate as tables have it."""
    return "undefined" if value is None else f"{value:.3f}"
