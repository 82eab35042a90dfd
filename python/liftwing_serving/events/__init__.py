"""Events: what an incoming one means, what score event it becomes, and its way to EventGate."""

from liftwing_serving.events.reading import EventSource, Performer, parse_event
from liftwing_serving.events.revision_score import score_event
from liftwing_serving.events.sender import EventSender, open_sender

__all__ = [
    "EventSender",
    "EventSource",
    "Performer",
    "open_sender",
    "parse_event",
    "score_event",
]
