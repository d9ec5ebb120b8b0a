"""The two sides of a card: what is freed of notes, tags and blanks, and what becomes a list."""

from __future__ import annotations

import pytest

from rag_app.ingestion.formats.card_text import answer_parts, clean_question, join_hyphenated, without_remark


@pytest.mark.parametrize(
    ("written", "question", "tags"),
    [
        ("What is BERT?", "What is BERT?", []),
        ("#basics What are GANs?", "What are GANs?", ["basics"]),
        ("#MLOps #ML-systems. #ai, What?", "What?", ["MLOps", "ML-systems", "ai"]),
        ("What is C#?", "What is C#?", []),
        ("What does #pragma do?", "What does #pragma do?", []),
        ("# What?", "# What?", []),
        ("#only", "#only", []),
        ("Name three. COME BACK TO THIS ONE", "Name three.", []),
        ("What are they? (FINISH THIS ONE LATER)", "What are they?", []),
        ("MOVE THIS ONE #ops drift means what?", "drift means what?", ["ops"]),
        ("#ops MOVE THIS ONE: drift means what?", "drift means what?", ["ops"]),
        ("TODO: what is a VAE?", "what is a VAE?", []),
        ("TO DO", "TO DO", []),
        ("What is the opcode of ADD?", "What is the opcode of ADD?", []),
        ("MOVE THIS: what is it?", "MOVE THIS: what is it?", []),
        ("TRAINING What is a batch?", "TRAINING What is a batch?", []),
        ("WHAT IS SHOUTED MUST STAY", "WHAT IS SHOUTED MUST STAY", []),
        ("a__ is what?", "a ____ is what?", []),
        ("  spread\n over   lines?", "spread over lines?", []),
        ("什么是生成对抗网络？", "什么是生成对抗网络？", []),  # noqa: RUF001  (the full-width mark is meant)
    ],
)
def test_question_is_freed_of_notes_and_tags(written, question, tags):
    """Hashtags in front and shouted instructions at either end go; tags within, and other capitals, stay."""
    assert clean_question(written) == (question, tags)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        " \n",
        "TO DO",
        "to do.",
        "TODO!",
        "tbd",
        "N/A",
        "...",
        "____",
        "?",
        "—",
        "See image",
        "See IMage.",
        "see the attached",
        "See figure: ",
        "COME BACK TO THIS ONE",
        "See image TO DO",
    ],
)
def test_stand_in_is_no_answer(answer):
    """What says that the answer is missing, or elsewhere, is no answer."""
    assert answer_parts(answer) == []


@pytest.mark.parametrize(
    ("answer", "parts"),
    [
        ("Two nets.", [("paragraph", "Two nets.")]),
        ("None", [("paragraph", "None")]),
        ("42", [("paragraph", "42")]),
        ("∇", [("paragraph", "∇")]),
        ("See image A graph.", [("paragraph", "A graph.")]),
        ("See Image - the dense layer", [("paragraph", "the dense layer")]),
        ("See image for examples", [("paragraph", "See image for examples")]),
        ("Use it. See image", [("paragraph", "Use it. See image")]),
        ("___ helps the ___ ____ model", [("paragraph", "____ helps the ____ model")]),
        ("low___ via; many ____s", [("paragraph", "low ____ via; many ____s")]),
        ("Sort it. MOVE THIS ONE", [("paragraph", "Sort it.")]),
    ],
)
def test_answer_is_freed_of_pointers_and_notes(answer, parts):
    """A pointer to a picture in front goes, a blank is four underscores, and everything else is kept."""
    assert answer_parts(answer) == parts


@pytest.mark.parametrize(
    ("answer", "parts"),
    [
        ("- k-means - hashing", [("list", "- k-means\n- hashing")]),
        ("Parts: - one - two -three", [("paragraph", "Parts:"), ("list", "- one\n- two\n-three")]),
        ("1. one 2. two 3) three", [("list", "1. one\n2. two\n3) three")]),
        ("Steps: 1. one 3. odd 2. two", [("paragraph", "Steps:"), ("list", "1. one 3. odd\n2. two")]),
        ("A net - a big one - that learns", [("paragraph", "A net - a big one - that learns")]),
        ("It has 1. a start and 2. an end", [("paragraph", "It has 1. a start and 2. an end")]),
        ("- only one", [("paragraph", "- only one")]),
        ("1. only one", [("paragraph", "1. only one")]),
        ("As: - where ||x - m|| is small - end", [("paragraph", "As:"), ("list", "- where ||x - m|| is small\n- end")]),
        ("First: 1. a - b 2. c", [("paragraph", "First:"), ("list", "1. a - b\n2. c")]),
    ],
)
def test_flattened_list_has_its_lines_again(answer, parts):
    """Dashes and numbers make a list where the first of them opens the answer or follows a colon."""
    assert answer_parts(answer) == parts


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ("DEFINITION a net HOW IT WORKS it learns", ["DEFINITION a net", "HOW IT WORKS it learns"]),
        ("A net. WHY: it learns EXAMPLE: GPT", ["A net.", "WHY: it learns", "EXAMPLE: GPT"]),
        ("It ends. OTHER NAMES USED: nets", ["It ends.", "OTHER NAMES USED: nets"]),
        ("It ends. OPTIMIZATIONS DONE This is sparse", ["It ends.", "OPTIMIZATIONS DONE This is sparse"]),
        ("It is small EXAMPLE", ["It is small"]),
        ("Stress it. HOW TO DO", ["Stress it."]),
        ("EXAMPLE", ["EXAMPLE"]),
        ("It is a SUPPORT VECTOR MACHINE", ["It is a SUPPORT VECTOR MACHINE"]),
        ("It is a SUPPORT VECTOR MACHINE and more", ["It is a SUPPORT VECTOR MACHINE and more"]),
        ("GPT and BERT are LLMs", ["GPT and BERT are LLMs"]),
    ],
)
def test_headings_in_capitals_part_paragraphs(answer, texts):
    """A heading in capitals begins a paragraph; one at the end, that nothing follows, was cut off and goes."""
    assert [text for _, text in answer_parts(answer)] == texts


@pytest.mark.parametrize(
    ("text", "words", "joined"),
    [
        ("exist- ing and unan- swerable", (), "existing and unanswerable"),
        ("nets- why so", (), "nets- why so"),
        ("pre- and post-training", (), "pre- and post-training"),
        ("data points- better", ("better",), "data points- better"),
        ("points- Provides", (), "points- Provides"),
        ("x - y", (), "x - y"),
        ("k- means", (), "k- means"),
    ],
)
def test_broken_words_are_joined(text, words, joined):
    """Halves are joined unless the second is a word: a stop word, one of the document, or one with a capital."""
    assert join_hyphenated(text, words) == joined


@pytest.mark.parametrize(
    ("title", "bare"),
    [("A [move]", "A"), ("A [b] C", "A [b] C"), ("[b]", ""), ("A [b [c]]", "A [b [c]]"), ("A", "A")],
)
def test_remark_ends_a_title(title, bare):
    """Only brackets at the very end are a remark."""
    assert without_remark(title) == bare
