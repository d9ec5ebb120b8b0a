"""Transcripts: cues, speakers, captions that roll, and where a paragraph ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.subtitles import extract_subtitles
from rag_app.ingestion.load import load_source


def _vtt(*cues):
    return "WEBVTT\n\n" + "\n\n".join(f"{_clock(a)} --> {_clock(b)}\n{text}" for a, b, text in cues)


def _clock(time_s):
    minutes, seconds = divmod(time_s, 60)
    return f"{int(minutes) // 60:02}:{int(minutes) % 60:02}:{seconds:06.3f}"


def _blocks(data):
    return [(b.locator.time_s, b.text) for b in extract_subtitles(data).blocks]


def test_webvtt_is_read():
    """Names of cues, comments, styles and settings are no speech; markup and entities are undone."""
    data = """WEBVTT - On nets
Kind: captions
Language: en

STYLE
::cue { color: red }

NOTE not
to be read

intro
00:01.000 --> 00:02.500 align:start position:0%
Two <b>nets</b>&nbsp;&amp; <c.red>one</c> game,
<00:00:02.000><i>played</i> twice.

NOTE at the end

outro
01:00:05.500 --> 01:00:06.000
5 < 6 and 7 > 2.
"""
    extraction = extract_subtitles(data)
    assert (extraction.title, extraction.metadata) == ("On nets", {"language": "en"})
    assert _blocks(data) == [(1.0, "Two nets & one game, played twice."), (3605.5, "5 < 6 and 7 > 2.")]


def test_subrip_is_read():
    """Numbers of cues are no speech; a cue may hold a blank line, and a last line that is a number."""
    data = """1
00:00:01,000 --> 00:00:02,500
<font color="red">Two nets</font>,
{\\an8}one game.

2
00:00:02,500 --> 00:00:03,500 X1:1 X2:2
The answer

is 42

3
00:00:03,500 --> 00:00:04,000
or 7
"""
    assert _blocks(data) == [(1.0, "Two nets, one game. The answer is 42 or 7")]


@pytest.mark.parametrize(
    ("first", "second", "texts"),
    [
        ("<v Ann Lee>Hi.", "<v Bob>Hello.", ["Ann Lee: Hi.", "Bob: Hello."]),
        ("<v.loud ann>Hi.</v>", "<v ann>Hello.", ["ann: Hi. Hello."]),
        ("<v Ann>Hi.</v> <v Bob>Hello.", "And so on.", ["Ann: Hi.", "Bob: Hello. And so on."]),
        ("Ann Lee: Hi.", "Ann Lee: Hello.", ["Ann Lee: Hi. Hello."]),
        ("ANN: Hi.", "BOB: Hello.", ["ANN: Hi.", "BOB: Hello."]),
        ("Speaker 1: Hi.", "Speaker 2: Hello.", ["Speaker 1: Hi.", "Speaker 2: Hello."]),
        ("Ann: Hi.", "Hello.", ["Ann: Hi. Hello."]),
        (">> Hi.", ">> Hello.", ["Hi.", "Hello."]),
        ("- Hi.\n- Hello.", "It is.", ["Hi.", "Hello. It is."]),
        ("Ann: Hi.", ">> Hello.", ["Ann: Hi.", "Hello."]),
        ("It is", "-5 degrees.", ["It is -5 degrees."]),
        ("the time: it is 10:30 now", "so", ["the time: it is 10:30 now so"]),
        ("Élise: Bonjour.", "Ёлка: Да.", ["Élise: Bonjour.", "Ёлка: Да."]),
    ],
)
def test_speakers_have_paragraphs_of_their_own(first, second, texts):
    """A voice, a name in front or a mark of another speaker ends the paragraph; the name is said once."""
    assert [text for _, text in _blocks(_vtt((0, 1, first), (1, 2, second)))] == texts


@pytest.mark.parametrize(
    ("cues", "texts"),
    [
        ([(0, 2, "one two"), (2, 4, "one two\nthree"), (4, 6, "three\nfour")], ["one two three four"]),
        ([(0, 2, "one"), (2, 3, "one two"), (3, 4, "one two three")], ["one two three"]),
        ([(0, 2, "one two"), (1.99, 2, "one two"), (2, 4, "one two\nthree")], ["one two three"]),
        ([(0, 1, "No."), (2, 3, "No.")], ["No. No."]),
        ([(0, 1, "one"), (1, 2, "oneself")], ["one oneself"]),
    ],
)
def test_rolling_captions_are_taken_once(cues, texts):
    """What a caption shows again without a break is dropped; a word said again later is not."""
    assert [text for _, text in _blocks(_vtt(*cues))] == texts


def test_paragraph_ends_at_a_pause():
    """Three seconds of silence end a paragraph, less does not; the next has the time of its own first cue."""
    assert _blocks(_vtt((0, 1, "a"), (3.9, 5, "b"), (8, 9, "c"))) == [(0.0, "a b"), (8.0, "c")]


def test_paragraph_ends_after_five_sentences():
    """Paragraphs have five sentences, and end with one."""
    cues = [(i, i + 1, f"Sentence {i} is. And {i}") for i in range(12)]
    assert [text.count(".") for _, text in _blocks(_vtt(*cues))] == [12]
    cues = [(i, i + 1, f"Sentence {i} ends here.") for i in range(12)]
    assert [(time_s, text.count(".")) for time_s, text in _blocks(_vtt(*cues))] == [(0.0, 5), (5.0, 5), (10.0, 2)]


def test_long_speech_without_marks_is_divided():
    """Where nothing tells sentences apart, a paragraph ends after about a thousand characters."""
    cues = [(i, i + 1, f"and then we have number {i} of them") for i in range(300)]
    lengths = [len(text) for _, text in _blocks(_vtt(*cues))]
    assert len(lengths) > 8
    assert max(lengths) < 1100


def test_hundred_thousand_cues_are_read():
    """No cue of a long transcript is lost."""
    text = " ".join(t for _, t in _blocks(_vtt(*((i, i + 1, f"word{i}.") for i in range(100_000)))))
    assert text.split() == [f"word{i}." for i in range(100_000)]


@pytest.mark.parametrize("suffix", [".vtt", ".srt"])
@pytest.mark.parametrize("data", [b"", b"WEBVTT\n", b"Only prose.\n", b"WEBVTT\n\n00:00 --> nowhere\nx\n"])
def test_file_without_cues_is_refused(data, suffix):
    """A reason says what is missing."""
    with pytest.raises(IngestionError, match="must have cues"):
        load_source(data, uri="/t", name="t", suffix=suffix)


def test_cues_without_text_are_refused():
    """A transcript of silence holds no text."""
    with pytest.raises(IngestionError, match="holds no text"):
        load_source(_vtt((0, 1, ""), (1, 2, "<b></b>")).encode(), uri="/t", name="t", suffix=".vtt")


def test_locator_says_when():
    """The place of a paragraph is shown as a clock; a byte order mark and Windows line ends do no harm."""
    data = "\ufeff" + _vtt((3725.5, 3726, "你好。"), (3730, 3731, "שבת")).replace("\n", "\r\n")
    source = load_source(data.encode(), uri="/t", name="t", suffix=".vtt")
    assert source.text == "你好。\n\nשבת"
    assert [str(block.locator) for block in source.blocks] == ["1:02:05", "1:02:10"]


@settings(max_examples=100)
@given(st.text(st.sampled_from("ab<>v :.-\n0123{}&;/"), max_size=120))
def test_any_text_of_a_cue_is_read(text):
    """Whatever stands in a cue, the cue after it is read as well."""
    assert _blocks(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}\n\n01:00.000 --> 01:01.000\nlast")[-1][1].endswith(
        "last"
    )
