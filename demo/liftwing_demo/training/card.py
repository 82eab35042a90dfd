"""The model card of the demo models, as a section of Markdown."""

from collections.abc import Mapping

from liftwing_demo.training.record import WIKI, ModelReport


def render_card(reports: Mapping[str, ModelReport], wiki: Mapping[str, str]) -> str:
    """A section about the models, from their reports and the `meta` of the wiki."""
    rows = "\n".join(_row(report) for report in reports.values())
    return f"""## Demo models

These models show how the services work. They are not for real use: they learnt from made-up edits.

- **Data**: {wiki["revisions"]} edits made up by a seeded generator (seed {wiki["seed"]}) over \
real English Wikipedia articles. Each edit is labelled by the kind of edit that made it; \
`reverted` says that the page soon returned to an earlier text.
- **Features**: the lists of English Wikipedia from `editquality`, extracted by `revscoring`.
- **Held out**: a quarter of the pages, with all their edits. The figures below are of those edits \
only; precision and recall are of the prediction `true` at a probability of 0.5.
- **Limits**: the generator repeats itself, so that the figures are far better than on a real wiki.

| model | version | features | trained on | held out (true) | ROC AUC | precision | recall |
|---|---|---|---|---|---|---|---|
{rows}
"""


def _row(report: ModelReport) -> str:
    cells = (
        f"{WIKI}-{report.name}",
        report.version,
        str(report.features),
        str(report.trained_on),
        f"{report.held_out} ({report.held_out_true})",
        f"{report.roc_auc:.3f}",
        _rate(report.precision),
        _rate(report.recall),
    )
    return f"| {' | '.join(cells)} |"


def _rate(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
