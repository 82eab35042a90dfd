"""Events on their way to EventGate: kept until it has taken them, or until keeping is in vain."""

from liftwing_serving.eventgate.client import EventGate, Verdict
from liftwing_serving.eventgate.queue import EventStore, MemoryQueue, QueuedEvent
from liftwing_serving.eventgate.sender import (
    DropReason,
    EventMetrics,
    EventSender,
    NoMetrics,
    RetryLimits,
)

__all__ = [
    "DropReason",
    "EventGate",
    "EventMetrics",
    "EventSender",
    "EventStore",
    "MemoryQueue",
    "NoMetrics",
    "QueuedEvent",
    "RetryLimits",
    "Verdict",
]
