"""Chunks that the embedder reads whole, with offsets that are true."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.errors import IngestionError
from rag_app.ingestion.load import load_source
from rag_app.ingestion.split import split_source
from rag_app.locator import Locator
from rag_app.types import Block, Source

CHARACTERS_AT_MOST = 2600  # 10 for each of 248 tokens, and the space between
PROSE = "A model learns a distribution over data, and then draws new samples from what it has learnt. "


def _source(text, name="a.md"):
    return load_source(text.encode(), uri=f"/folder/{name}", name=name, suffix=Path(name).suffix)


def _split(source, minilm, max_tokens=256):
    """Return the chunks of a source after checking what holds for every document."""
    chunks = split_source(source, count_tokens=minilm.count_tokens, max_tokens=max_tokens)
    assert minilm.count_tokens([c.embedded_text for c in chunks]) == [c.n_tokens for c in chunks]
    assert max(c.n_tokens for c in chunks) <= max_tokens
    assert max(len("".join(c.text.split())) for c in chunks) <= CHARACTERS_AT_MOST
    assert len({c.id for c in chunks}) == len(chunks)
    position = 0
    for chunk in chunks:
        assert position <= chunk.start < chunk.end <= len(source.text)
        assert not source.text[position : chunk.start].strip()
        assert chunk.text == source.text[chunk.start : chunk.end]
        _check_units(chunk, source.text)
        position = chunk.end
    assert not source.text[position:].strip()
    return chunks


def _check_units(chunk, text):
    """Units lie in their chunk, in order, and hold everything that is not white space."""
    position = chunk.start
    for unit in chunk.units:
        assert position <= unit.start < unit.end <= chunk.end
        assert not text[position : unit.start].strip()
        assert text[unit.start : unit.end].strip()
        position = unit.end
    assert not text[position : chunk.end].strip()


# -- any document ----------------------------------------------------------------------------------------------------


def _random_digits():
    rng = random.Random(7)
    return ",".join(str(rng.randrange(10**8)) for _ in range(20_000))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "x"),
        ("a.txt", "word " * 40_000),
        ("a.txt", "x" * 200_000),
        ("a.txt", PROSE * 5_000),
        ("a.txt", "a\0b \0" * 5_000),
        ("a.txt", "\U0001f600" * 50_000),
        ("a.txt", "\u6f22\u5b57" * 50_000),
        ("a.txt", ("\uac00" * 33 + ".") * 500),
        ("a.txt", "\uac00\ub098\ub2e4." * 3_000),
        ("a.txt", "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd " * 3_000),
        ("a.txt", "\u0e20\u0e32\u0e29\u0e32" * 5_000),
        ("a.txt", "." * 20_000 + "x"),
        ("a.txt", "a.b_c-" * 5_000),
        ("a.txt", ",".join(str(n) for n in range(1_000_000, 1_010_000))),
        ("a.txt", _random_digits()),
        ("a.txt", "e\u0301" * 10_000),
        ("a.txt", "\n".join(["row"] * 5_000)),
        ("a.txt", "- " + PROSE * 100),
        ("a.md", "\n\n".join(f"# H{i}" for i in range(10_000))),
        ("a.md", "\n\n".join(f"## H{i}\n\ntext {i}" for i in range(1_000))),
        ("a.md", "# " + "huge heading " * 500 + "\n\ntext"),
        ("a.md", "# " + "huge heading " * 500 + "\n\n# B\n\n" + PROSE * 40),
        ("a.md", "# " + "x" * 20_000 + "\n\n## y" + "z" * 5_000 + "\n\n" + PROSE * 40),
        ("a.md", "# T\n\n## " + "some long heading " * 14 + "\n\n### short\n\n" + PROSE * 40),
        ("a.md", "---\ntitle: " + "long title " * 30 + "\n---\n\n" + PROSE * 40),
        ("a.md", "```\n" + "\n".join(f"x{i} = f({i})" for i in range(2_000)) + "\n```"),
        ("a.md", "```\n" + " " * 20_000 + "\nx\n```"),
        ("a.md", "|a|b|\n|-|-|\n" + "".join(f"|{i}|{PROSE}|\n" for i in range(100))),
        ("a.md", "".join(f"- {i} {PROSE * (i % 9)}\n" for i in range(100))),
        ("a.html", "<p>" + "<b>x</b> " * 20_000),
    ],
    ids=lambda value: value[:12] if len(value) < 2_000 else f"{value[:12]}-{len(value)}",
)
def test_extreme_documents_are_split_whole(minilm, name, text):
    """No chunk is truncated, overlong or untrue to its offsets, and no character is lost, in any script or shape."""
    _split(_source(text, name), minilm)


class _Operations:
    """Counts the lines of the splitter that run, and the characters that are given to the tokenizer."""

    def __init__(self, count_tokens):
        self._count_tokens = count_tokens
        self.n_lines = self.n_characters = 0

    def count_tokens(self, texts):
        self.n_characters += sum(map(len, texts))
        return self._count_tokens(texts)

    def trace(self, frame, _event, _argument):
        if frame.f_code.co_filename != split_source.__code__.co_filename:
            return None
        self.n_lines += 1
        return self.trace


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", PROSE * 200),
        ("a.txt", "word " * 5_000),
        ("a.txt", "x" * 20_000),
        ("a.txt", "\u6f22\u5b57" * 5_000),
        ("a.txt", "\uac00\ub098\ub2e4." * 1_000),
        ("a.txt", "\U0001f600" * 10_000),
        ("a.txt", "\u05e9\u05dc\u05d5\u05dd " * 2_000),
        ("a.txt", ",".join(str(n) for n in range(1_000_000, 1_002_000))),
        ("a.txt", "row\n" * 2_000),
        ("a.md", "# H\n\n" * 1_000),
        ("a.md", "## H\n\ntext\n\n" * 500),
        ("a.md", "# A\n\n## B\n\n### C\n\ntext\n\n" * 300),
        ("a.md", "- item\n" * 1_000),
        ("a.md", "```\nx\n```\n\n" * 300),
    ],
    ids=lambda value: value[:12],
)
def test_twice_the_text_is_twice_the_work(minilm, name, text):
    """Lines that run and characters that are tokenized grow as the text does, whatever it is made of."""
    costs = []
    for times in (1, 2):
        source, operations = _source(text * times, name), _Operations(minilm.count_tokens)
        before = sys.gettrace()
        sys.settrace(operations.trace)
        try:
            split_source(source, count_tokens=operations.count_tokens, max_tokens=256)
        finally:
            sys.settrace(before)
        costs.append((operations.n_lines, operations.n_characters))
    assert costs[1][0] < 2.2 * costs[0][0]
    assert costs[1][1] < 2.2 * costs[0][1]


_ALPHABETS = [
    st.sampled_from(["model", "data", "a", "GANs,", "e.g.", "0.05", "end.", "Why?", "(x)", "un\u00adsoft", "Mr."]),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12),
    st.text("\u6f22\u5b57\u3002\uff01\u304b\u306a\u30ab", min_size=1, max_size=120),
    st.text("\uac00\ub098\u1100\u1161\u11a8.", min_size=1, max_size=150),
    st.text("\u05d0\u05d1\u05d2\u0627\u0628\u200f ", min_size=1, max_size=60),
    st.text("\U0001f600\U0001f468\u200d\U0001f469\ufe0f\U0001f1e9\U0001f1ea", min_size=1, max_size=60),
    st.text("ab1.,-_/\u20ac\u00df\u0130\u0301", min_size=50, max_size=400),
    st.integers(101, 900).map(lambda n: "w" * n),
]
_WORDS = st.lists(st.one_of(_ALPHABETS), min_size=1, max_size=40).map(" ".join)
_REPEATED = st.tuples(_WORDS, st.integers(1, 12)).map(lambda pair: " ".join([pair[0]] * pair[1]))
_BLOCK = st.tuples(st.sampled_from(["# ", "## ", "### ", "", "", "", "- ", "1. ", "    ", "> ", "| "]), _REPEATED).map(
    "".join
)
_DOCUMENT = st.lists(_BLOCK, min_size=1, max_size=12).map("\n\n".join)


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(_DOCUMENT, st.sampled_from(["a.md", "a.txt", "a.html"]), st.sampled_from([48, 64, 128, 256, 256, 512]))
def test_any_document_is_split_whole(minilm, text, name, max_tokens):
    """The invariants hold for random documents in mixed scripts, for every window that an embedder may have."""
    try:
        source = _source(text, name)
    except IngestionError:  # nothing but white space
        return
    _split(source, minilm, max_tokens)


@pytest.mark.parametrize("max_tokens", [40, 64, 256])
@pytest.mark.parametrize(
    "text",
    [
        "# Title\n\n" + PROSE * 20,
        "word " * 500,
        "a" + " " * 3_000 + "b",
        "x" * 3_000,
        "- a\n- b\n" * 200,
        "\u6f22\u3002" * 500,
    ],
)
def test_tokenizers_for_which_a_text_is_more_than_its_words_fit_too(text, max_tokens):
    """Where every character is a token, spaces and line ends between the parts of a chunk are counted as well."""
    source = _source(text)
    chunks = split_source(source, count_tokens=lambda texts: [len(t) + 2 for t in texts], max_tokens=max_tokens)
    assert max(len(c.embedded_text) + 2 for c in chunks) <= max_tokens
    assert "".join(c.text for c in chunks).replace(" ", "").replace("\n", "") == "".join(source.text.split())


def test_a_source_without_blocks_has_no_chunks(minilm):
    """Nothing in, nothing out."""
    assert split_source(Source("a", "/a", "T", "", "", "", ()), count_tokens=minilm.count_tokens, max_tokens=256) == []


def test_the_course_is_split_whole(minilm, knowledge):
    """Every chapter obeys the invariants, and its chunks are filled rather than cut up."""
    for path in sorted(knowledge.glob("*.md"))[:6]:
        source = load_source(path.read_bytes(), uri=str(path), name=path.name, suffix=path.suffix)
        chunks = _split(source, minilm)
        assert sum(c.n_tokens for c in chunks) / len(chunks) > 90


# -- where chunks end ------------------------------------------------------------------------------------------------


def _texts(text, minilm, **options):
    return [c.text for c in _split(_source(text), minilm, **options)]


def test_a_short_section_is_one_chunk_with_its_heading(minilm):
    """Blocks of a section are packed together; the next heading begins a chunk of its own."""
    assert _texts("# A\n\none\n\ntwo\n\n- x\n\n## B\n\nthree", minilm) == ["A\n\none\n\ntwo\n\n- x", "B\n\nthree"]


def test_headings_without_text_go_with_the_next_section(minilm):
    """A heading is never a chunk by itself unless nothing follows it."""
    assert _texts("# A\n\n## B\n\n### C\n\none\n\n## D", minilm) == ["A\n\nB\n\nC\n\none", "D"]


def test_blocks_stay_whole_where_they_fit(minilm):
    """A paragraph that would overflow a chunk begins the next one instead of being cut."""
    paragraph = PROSE.strip() + " " + PROSE * 6
    texts = _texts(f"# A\n\n{paragraph}\n\n{paragraph}\n\n{paragraph}", minilm)
    assert texts == [f"A\n\n{paragraph.strip()}", paragraph.strip(), paragraph.strip()]


@pytest.mark.parametrize(
    ("document", "kind", "is_end"),
    [
        (PROSE * 60, "paragraph", lambda text: text.endswith("learnt.")),
        ("".join(f"- item {i}, {PROSE}\n" for i in range(60)), "list", lambda text: text.endswith("learnt.")),
        ("|a|\n|-|\n" + "".join(f"|row {i}: {PROSE}|\n" for i in range(60)), "table", lambda t: t.endswith("learnt.")),
        ("```\n" + "".join(f"value_{i} = {i}\n" for i in range(300)) + "```", "code", lambda t: t[-1].isdigit()),
    ],
    ids=["sentences", "items", "rows", "lines"],
)
def test_a_long_block_is_cut_between_its_parts(minilm, document, kind, is_end):
    """Prose is cut after sentences, lists after items, tables after rows, code after lines."""
    chunks = _split(_source(document), minilm)
    assert len(chunks) > 4
    assert all(is_end(c.text) for c in chunks)
    assert {u.kind for c in chunks for u in c.units} == {kind}
    assert min(c.n_tokens for c in chunks[:-1]) > 200


def test_a_long_sentence_is_cut_between_words(minilm):
    """Where no sentence ends, a chunk ends with a word."""
    words = [f"word{i}" for i in range(2_000)]
    chunks = _split(_source(" ".join(words)), minilm)
    assert " ".join(c.text for c in chunks).split() == words
    assert all(len(c.units) == 1 for c in chunks)


def test_units_are_sentences_items_rows_and_whole_code_blocks(minilm):
    """What can be quoted is a heading, a sentence, an item, a row, or the code block as one."""
    text = "# A\n\nOne. Two!\n\n- x y.\n- z. w\n\n|a|b|\n|-|-|\n|c|d|\n\n```\np\n\nq\n```"
    (chunk,) = _split(_source(text), minilm)
    source = _source(text).text
    assert [(u.kind, source[u.start : u.end]) for u in chunk.units] == [
        ("heading", "A"),
        ("paragraph", "One."),
        ("paragraph", "Two!"),
        ("list", "- x y."),
        ("list", "- z. w"),
        ("table", "a | b"),
        ("table", "c | d"),
        ("code", "p\n\nq"),
    ]


# -- tables ----------------------------------------------------------------------------------------------------------


def _table(rows, *, header="Item | Price in euros", sheet="Costs", first=1):
    """Return a source that a reader of tables would make: a block for each row, the first of them the header."""
    lines, blocks, position = [header, *rows], [], 0
    for i, line in enumerate(lines):
        blocks.append(
            Block("table", position, position + len(line), Locator((sheet,), sheet=sheet, row=first + i), header)
        )
        position += len(line) + 1
    text = "\n".join(lines)
    return Source("t.csv", "/t.csv", "", text, "", "", tuple(blocks))


def test_every_chunk_of_a_table_has_its_header_in_front(minilm):
    """The header row is embedded with each piece of the table, once, and stored with the first alone."""
    header = "Item | Price in euros"
    chunks = _split(_table([f"lamp number {i} | {i}.50" for i in range(200)]), minilm)
    assert len(chunks) > 5
    assert chunks[0].text.startswith(f"{header}\nlamp number 0 | 0.50\n")
    assert [c.context for c in chunks] == ["Costs", *[f"Costs\n{header}"] * (len(chunks) - 1)]
    assert all(c.embedded_text.count(header) == 1 for c in chunks)


def test_a_chunk_of_a_table_says_which_rows_it_holds(minilm):
    """Row numbers run on from chunk to chunk as the table's own program counts them."""
    chunks = _split(_table([f"lamp number {i} | {i}.50" for i in range(200)], first=3), minilm)
    rows = [(c.locator.row, c.locator.last_row) for c in chunks]
    assert rows[0][0] == 3
    assert rows[-1][1] == 203
    assert [first for first, _ in rows[1:]] == [last + 1 for _, last in rows[:-1]]
    assert all(c.text.count("\n") == c.locator.last_row - c.locator.row for c in chunks)
    assert str(chunks[0].locator) == f"Costs, rows 3–{rows[0][1]}"


def test_a_row_that_is_too_long_keeps_its_header_and_its_number(minilm):
    """The pieces of one row are in one row each, and the header stands in front of them."""
    chunks = _split(_table([" ".join(f"word{i}" for i in range(600))]), minilm)
    assert len(chunks) > 3
    assert all((c.locator.row, c.locator.last_row) == (2, None) for c in chunks[1:])
    assert all(c.context.endswith("Item | Price in euros") for c in chunks[1:])


def test_a_cell_that_contains_the_header_does_not_replace_it(minilm):
    """A header of one short word is in front even where rows have that word in them."""
    chunks = _split(_table([f"paid {i} times, and the rest was paid later" for i in range(100)], header="id"), minilm)
    assert all(c.context.endswith("\nid") for c in chunks[1:])


def test_a_long_header_is_cut(minilm):
    """A header of many columns takes no more than its share of a chunk."""
    header = " | ".join(f"column {i}" for i in range(200))
    chunks = _split(_table([f"{i} | x" for i in range(300)], header=header), minilm)
    fronts = {c.context for c in chunks if c.locator.row > 1}
    assert len(fronts) == 1
    (front,) = fronts
    assert header.startswith(front.removeprefix("Costs\n"))
    assert 20 < minilm.count_tokens([front])[0] < 80


def test_text_beside_a_table_has_no_rows(minilm):
    """Where a chunk begins with a paragraph, its place is the paragraph's."""
    table = _table(["lamp | 1"])
    text = f"Prices.\n\n{table.text}"
    moved = [replace(b, start=b.start + 9, end=b.end + 9) for b in table.blocks]
    blocks = (Block("paragraph", 0, 7, Locator(("Costs",), line=1)), *moved)
    (chunk,) = _split(replace(table, text=text, blocks=blocks), minilm)
    assert chunk.locator == Locator(("Costs",), line=1)


# -- context, place and identity -------------------------------------------------------------------------------------


def test_context_is_title_and_heading_path_without_what_the_chunk_shows(minilm):
    """What is embedded in front of a chunk is never in the chunk as well, and is not stored in its text."""
    text = f"---\ntitle: T\n---\n# A\n\n## B\n\n{PROSE * 30}\n\n### C\n\nend"
    chunks = _split(_source(text), minilm)
    assert [c.context for c in chunks] == ["T", "T › A › B", "T › A › B", "T › A › B"]
    assert chunks[0].text.startswith("A\n\nB\n\nA model")
    assert chunks[-1].text == "C\n\nend"
    assert chunks[-1].embedded_text == "T › A › B\nC\n\nend"


def test_a_title_that_is_the_first_heading_is_not_repeated(minilm):
    """Title and heading of the same words count once, and a chunk that shows both has no context."""
    chunks = _split(_source(f"# A\n\n{PROSE * 30}"), minilm)
    assert [c.context for c in chunks] == ["", "A", "A"]
    assert chunks[0].embedded_text == chunks[0].text


def test_a_long_context_drops_outer_headings_then_characters(minilm):
    """A context has at most 48 tokens: the innermost heading is kept, and cut where it alone is too long."""
    outer, inner = "outer heading " * 15, "inner heading " * 15
    (kept,) = {c.context for c in _split(_source(f"# {outer}\n\n## {inner}\n\n{PROSE * 30}"), minilm)[1:]}
    assert kept == inner.strip()
    (cut,) = {c.context for c in _split(_source(f"# {outer * 4}\n\n{PROSE * 30}"), minilm)[1:]}
    assert (outer * 4).startswith(cut)
    assert 20 <= minilm.count_tokens([cut])[0] - 2 <= 48


def test_locator_is_the_place_of_the_first_block_below_the_headings(minilm):
    """Heading path and line of a chunk are those of its text; a lone heading has its own."""
    chunks = _split(_source("# A\n\n## B\n\none\n\n## C\n\n- two\n\n# D"), minilm)
    assert [(c.locator.heading, c.locator.line) for c in chunks] == [(("A", "B"), 5), (("A", "C"), 9), (("D",), 11)]


def test_equal_content_keeps_its_id(minilm):
    """Changing a section changes the ids of its chunks alone; another name changes them all."""
    sections = [f"## S{i}\n\nThe text of section {i}." for i in range(5)]
    before = _split(_source("# T\n\n" + "\n\n".join(sections)), minilm)
    sections[2] += " And more."
    after = _split(_source("# T\n\n" + "\n\n".join(sections)), minilm)
    assert [a.id == b.id for a, b in zip(before, after, strict=True)] == [True, True, False, True, True]
    renamed = _split(load_source(b"# T", uri="/folder/b.md", name="b.md", suffix=".md"), minilm)
    assert renamed[0].id != _split(_source("# T"), minilm)[0].id


def test_repeated_content_has_ids_of_its_own(minilm):
    """The same section three times gives three ids, the same ones each time."""
    source = _source("# A\n\none\n\n# A\n\none\n\n# A\n\none")
    ids = [c.id for c in _split(source, minilm)]
    assert len(set(ids)) == 3
    assert [c.id for c in _split(source, minilm)] == ids
    assert all(len(i) == 32 and set(i) <= set("0123456789abcdef") for i in ids)
