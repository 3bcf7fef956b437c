"""Vocabulary check: the word list is valid, and finds its words in code and prose."""

import pytest
import vocabulary

ENTRIES = vocabulary.entries(vocabulary.WORDS.read_text(encoding="utf-8"))


def words(text):
    return [finding.word for finding in vocabulary.findings("a.py", text, ENTRIES)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Answers are told anew.", ["told", "Answers", "anew"]),
        ("def is_told(answer): ...", ["told", "answer"]),
        ("A dead letter, dead-letter file and dead_letters.jsonl", []),
        ("The letters", ["letters"]),
        ("made-up data for ever", ["for ever", "made-up"]),
        ("Freshdesk, mendacious, retold, foreign key", []),
    ],
)
def test_a_word_is_found_alone_and_in_names_but_not_inside_another_word(text, found):
    assert words(text) == found


def test_a_finding_names_file_line_and_replacement():
    [finding] = vocabulary.findings("docs/a.md", "One.\nHeed it.\n", ENTRIES)
    assert finding == ("docs/a.md", 2, "Heed", "check")
    assert finding.folder == "docs"


@pytest.mark.parametrize("line", ["told", "to(ld\tlogged"])
def test_a_line_without_a_tab_or_a_valid_expression_is_an_error_that_names_it(line):
    with pytest.raises(ValueError, match="Line 2"):
        vocabulary.entries(f"# words\n{line}\n")
