"""What the demo shows of its models: a table of how good they are, as measured in training."""

from collections.abc import Iterable
from pathlib import Path

from rich.table import Column, Table

from liftwing_demo import outlinks
from liftwing_demo.outlinks.card import figures
from liftwing_demo.training import ModelReport, Suite, read_reports
from liftwing_demo.training.card import shown_rate


def models_table(suites: Iterable[Suite], models: Path) -> Table:
    """The models of the suites that have been trained, and the outlink model; no rows if none."""
    table = Table(Column("model", no_wrap=True), *("ROC AUC", "precision", "recall", "held out"))
    for suite in suites:
        try:
            reports = read_reports(suite, models)
        except OSError:
            continue
        for report in reports.values():
            table.add_row(suite.service(report.name), *_figures(report))
    try:
        topics = outlinks.read_report(models)
    except OSError:
        return table
    table.add_row(outlinks.NAME, *figures(topics), str(topics.held_out))
    return table


def _figures(report: ModelReport) -> list[str]:
    rates = (report.roc_auc, report.precision, report.recall)
    return [*map(shown_rate, rates), str(report.held_out)]
