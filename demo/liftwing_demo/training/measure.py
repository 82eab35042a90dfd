"""How good a model is on revisions that it has not seen."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from sklearn.metrics import precision_score, recall_score, roc_auc_score

from liftwing_demo.training.record import ModelReport
from liftwing_demo.training.splitting import Observation
from liftwing_demo.training.suite import Label


def measure(name: str, model: Any, trained_on: int, unseen: Sequence[Observation]) -> ModelReport:
    """The report of a trained model, which is also told its own statistics."""
    model.test(unseen)
    scores = [model.score(row) for row, _ in unseen]
    # Of a model that tells true from false, one side says all.
    labels = [True] if True in model.labels else list(model.labels)
    held_out = {label: [_among(truth, label) for _, truth in unseen] for label in labels}
    likely = {label: [score["probability"][label] for score in scores] for label in labels}
    predicted = {label: [_predicts(score, label) for score in scores] for label in labels}
    return ModelReport(
        name=name,
        version=model.version,
        features=sum(map(_width, unseen[0][0])),
        trained_on=trained_on,
        held_out=len(unseen),
        held_out_labels={_named(label): sum(truths) for label, truths in held_out.items()},
        roc_auc=_mean([float(roc_auc_score(held_out[label], likely[label])) for label in labels]),
        precision=_mean(
            [
                float(precision_score(held_out[label], predicted[label]))
                for label in labels
                if any(predicted[label])
            ]
        ),
        recall=_mean([float(recall_score(held_out[label], predicted[label])) for label in labels]),
    )


def _width(value: Any) -> int:
    """How many numbers a feature is: a vector is several."""
    return len(value) if isinstance(value, list | tuple) else 1


def _named(label: Label) -> str:
    return str(label).lower() if isinstance(label, bool) else label


def _among(truth: Any, label: Label) -> bool:
    return label in truth if isinstance(truth, list) else truth == label


def _predicts(score: dict[str, Any], label: Label) -> bool:
    """Whether a score has the label. True is predicted from a probability of 0.5 on."""
    if label is True:
        return float(score["probability"][label]) >= 0.5
    return _among(score["prediction"], label)


def _mean(rates: Sequence[float]) -> float | None:
    return round(fmean(rates), 4) if rates else None
