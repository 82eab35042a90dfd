"""What a model card and the table of demo models say of the outlink model."""

from collections.abc import Mapping

from liftwing_demo.outlinks.record import NAME, PIECES, TopicReport

FAMILY = "outlink"


def render_card(report: TopicReport, wiki: Mapping[str, str]) -> str:
    """A section about the demo model, from its report and the `meta` of its wiki."""
    row = " | ".join(
        (
            NAME,
            report.version,
            str(report.trained_on),
            f"{report.held_out} ({report.topics} topics)",
            *figures(report),
        )
    )
    return f"""## Demo models

This model shows how the pair works. It is not for real use: it learnt from a hundred \
articles, whose linked pages have made-up items.

- **Data**: the real English Wikipedia articles of the demo wiki (seed {wiki["seed"]}), with the \
items of their present links.
- **Labels**: patterns over the article's categories name topics of the stock taxonomy.
- **Training**: fastText, one-versus-all, from all links of an article and {PIECES} times from some.
- **Held out**: one article in four. Rates are means over the topics that occur there, precision \
and recall at a threshold of 0.5.
- **Limits**: nine in ten items are linked by one article only, so that little can be learnt.

| model | version | trained on | held out | ROC AUC | precision | recall |
|---|---|---|---|---|---|---|
| {row} |

`liftwing-serving demo card {FAMILY}` prints this section; run it again after training.
"""


def figures(report: TopicReport) -> tuple[str, ...]:
    """The rates as tables have them."""
    return tuple(f"{rate:.3f}" for rate in (report.roc_auc, report.precision, report.recall))
