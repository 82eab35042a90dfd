"""Feature extraction with the revscoring library's values, in a fraction of its time.

docs/extraction.md tells how, and how the values are kept the same. Nothing of the library is
changed: what is worked out here is given to its solver as values that it need not work out.
"""

from liftwing_serving.revscoring.extraction.accelerator import Accelerator
from liftwing_serving.revscoring.extraction.plan import Plan, Texts

__all__ = ["Accelerator", "Plan", "Texts"]
