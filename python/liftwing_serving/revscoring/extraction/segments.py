"""deltas' paragraphs of a text, from the types of its tokens alone.

The library has an object with a checksum for each sentence and paragraph. Features read only the
paragraphs' texts, but where a table begins, which may go on over empty lines, sentences tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deltas.segmenters.paragraphs_sentences_and_whitespace import (
    MIN_SENTENCE,
    PARAGRAPH_END,
    SENTENCE_END,
    SUB_CLOSE,
    SUB_OPEN,
    WHITESPACE,
    ParagraphsSentencesAndWhitespace,
)


def is_understood(segmenter: object) -> bool:
    """Whether a segmenter is the library's with the library's own parameters."""
    return type(segmenter) is ParagraphsSentencesAndWhitespace and vars(segmenter) == {
        "whitespace": WHITESPACE,
        "paragraph_end": PARAGRAPH_END,
        "sentence_end": SENTENCE_END,
        "min_sentence": MIN_SENTENCE,
    }


def paragraphs(tokens: Sequence[str], types: Sequence[str]) -> Iterator[str]:
    """The texts of the paragraphs, and of each token of white space between them."""
    at, end = 0, len(tokens)
    while at < end:
        start = at
        if types[at] in WHITESPACE:
            at += 1
        else:
            while at < end and types[at] not in PARAGRAPH_END:
                at = _end_of_part(types, at)
        yield "".join(tokens[start:at])


def _end_of_part(types: Sequence[str], at: int) -> int:
    """Where the table, the sentence or the white space ends that starts there."""
    if types[at] == "tab_open":
        return _end_of_table(types, at)
    return at + 1 if types[at] in WHITESPACE else _end_of_sentence(types, at)


def _end_of_table(types: Sequence[str], at: int) -> int:
    depth = 1
    at += 1
    while at < len(types) and depth > 0:
        depth += (types[at] == "tab_open") - (types[at] == "tab_close")
        at += 1
    return at


def _end_of_sentence(types: Sequence[str], at: int) -> int:
    depth = int(types[at] in SUB_OPEN)
    visible = 1
    at += 1
    while at < len(types) and types[at] not in PARAGRAPH_END:
        of = types[at]
        depth += (of in SUB_OPEN) - (of in SUB_CLOSE)
        visible += of not in WHITESPACE
        at += 1
        if of in SENTENCE_END and depth <= 0 and visible >= MIN_SENTENCE:
            break
    return at
