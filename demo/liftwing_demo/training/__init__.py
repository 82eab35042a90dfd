"""Small models trained on the demo wiki with the stock revscoring and editquality libraries.

`liftwing_demo.training.train` imports those libraries, which takes seconds; this package alone
does not, so that asking whether there is anything to train stays quick.
"""

from liftwing_demo.training.record import ModelReport, models_are_current, read_reports

__all__ = ["ModelReport", "models_are_current", "read_reports"]
