"""Processes that hold loaded models: tasks go in, plain values come out.

Knows nothing of wikis, KServe or revscoring: a task is any picklable value, and only its handler
knows what it means.
"""

from liftwing_serving.workers.bundler import Bundler
from liftwing_serving.workers.cost import Work
from liftwing_serving.workers.load import Load, Share
from liftwing_serving.workers.messages import Handler, HandlerSpec
from liftwing_serving.workers.queue import Result
from liftwing_serving.workers.runner import Runner, Runners, make_runners
from liftwing_serving.workers.template import TemplateFailed

__all__ = [
    "Bundler",
    "Handler",
    "HandlerSpec",
    "Load",
    "Result",
    "Runner",
    "Runners",
    "Share",
    "TemplateFailed",
    "Work",
    "make_runners",
]
