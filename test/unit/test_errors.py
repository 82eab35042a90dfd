"""The exception tree: each error knows its status, and survives the way between processes."""

import pickle

import pytest
from liftwing_serving import errors

EXAMPLES = [
    errors.BadRequest('Expected "rev_id" in input data.'),
    errors.RevisionMissing(12345),
    errors.ResourceMissing(12345, "Comment deleted"),
    errors.ContentUnreadable(12345, "not JSON"),
    errors.InjectionRefused("There is nothing called feature.x to inject."),
    errors.BodyTooSlow(30.0),
    errors.PayloadTooLarge(1 << 20),
    errors.TooManyInstances(500),
    errors.TooManyRequests(3),
    errors.Overloaded(3),
    errors.UpstreamUnusable("MediaWiki's answer is not JSON.", repeat=True),
    errors.UpstreamUnavailable("MediaWiki cannot be reached.", 7),
    errors.WorkerLost("died"),
    errors.NoneAnswered(2, "MediaWiki cannot be reached.", 7),
    errors.DeadlineExceeded("too late"),
    errors.InternalError("a defect"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_on_the_other_side_of_a_process_boundary(
    error: errors.ServingError,
) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (copy.message, copy.status, copy.retry_after) == (
        error.message,
        error.status,
        error.retry_after,
    )
    assert vars(copy) == vars(error)


def test_every_error_has_an_example() -> None:
    def leaves(kind: type[errors.ServingError]) -> set[type[errors.ServingError]]:
        return {kind}.union(*(leaves(sub) for sub in kind.__subclasses__()))

    abstract = {errors.ServingError, errors.Unavailable}
    assert leaves(errors.ServingError) - abstract == {type(error) for error in EXAMPLES}


def test_the_tree_in_the_docstring_names_every_error_with_its_status() -> None:
    assert errors.__doc__ is not None
    drawn = {}
    for line in errors.__doc__.splitlines():
        words = line.strip(" │├└─").split()
        if len(words) > 1 and words[1].isdigit():
            drawn[words[0]] = int(words[1])
    real = {
        name: kind.status
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.ServingError)
    }
    del real["ServingError"]
    assert drawn == real


def test_what_may_work_on_a_second_try_is_502_or_503() -> None:
    for error in EXAMPLES:
        if error.repeat or isinstance(error, errors.Unavailable):
            assert error.status in (502, 503)


def test_unavailable_errors_say_when_to_come_back() -> None:
    assert errors.WorkerLost("died").retry_after == 1
    assert errors.Overloaded(3).retry_after == errors.TooManyRequests(3).retry_after == 3
    assert errors.UpstreamUnavailable("busy", 30).retry_after == 30
    assert errors.BadRequest("wrong").retry_after is None


def test_the_text_of_a_missing_revision_is_the_one_clients_match() -> None:
    assert str(errors.RevisionMissing(42)).startswith(
        "The MW API does not have any info related to the rev-id provided as input (42), therefore "
        "it is not possible to extract features properly. One possible cause is the deletion of "
        "the page related to the revision id."
    )
