"""The demo's outlink topic model: what it learns from which articles, and the pair that serves it.

Only training imports fastText.
"""

from liftwing_demo.outlinks.record import (
    NAME,
    TopicReport,
    model_file,
    model_is_current,
    read_report,
)

__all__ = ["NAME", "TopicReport", "model_file", "model_is_current", "read_report"]
