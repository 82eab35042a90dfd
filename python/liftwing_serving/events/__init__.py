"""Events: what incoming ones mean, what they become, and the way of these to EventGate."""

from liftwing_serving.events.page_change import PageEvent, parse_page_event
from liftwing_serving.events.prediction_change import Classification, prediction_event
from liftwing_serving.events.reading import EventSource, Performer, parse_event
from liftwing_serving.events.revision_score import score_event
from liftwing_serving.events.sender import EventSender, open_sender

__all__ = [
    "Classification",
    "EventSender",
    "EventSource",
    "PageEvent",
    "Performer",
    "open_sender",
    "parse_event",
    "parse_page_event",
    "prediction_event",
    "score_event",
]
