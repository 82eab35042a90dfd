"""Small models trained on the demo wikis with the stock libraries.

What a suite of models learns from what is a module of `suites`; the rest is shared. Only worker
processes import the libraries, which takes seconds; asking whether there is anything to train
stays quick.
"""

from liftwing_demo.training.record import ModelReport, models_are_current, read_reports
from liftwing_demo.training.suite import Recipe, Suite
from liftwing_demo.training.suites import SUITES, suite_called
from liftwing_demo.training.train import train_models

__all__ = [
    "SUITES",
    "ModelReport",
    "Recipe",
    "Suite",
    "models_are_current",
    "read_reports",
    "suite_called",
    "train_models",
]
