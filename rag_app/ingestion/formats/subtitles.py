"""Transcripts in WebVTT and SubRip: cues become paragraphs that say who speaks, with the time of their first cue."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction
from rag_app.locator import Locator

_CLOCK = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMING = re.compile(rf"^[^\S\n]*{_CLOCK}[^\S\n]*-->[^\S\n]*{_CLOCK}.*\n?", re.MULTILINE)
_HEAD = re.compile(r"WEBVTT(?:[ \t]+(?:-[ \t]*)?(?P<title>.*))?")
_LANGUAGE = re.compile(r"^language:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_IDENTIFIER = re.compile(r"\n[^\S\n]*\n[^\S\n]*\d+[^\S\n]*\n*$")  # of the next cue, in SubRip
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n|^[^\S\n]*\n")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>\n]+)>")
_BEFORE_VOICE = re.compile(r"\n|(?=<v[ .])")
_TAG = re.compile(r"</?[A-Za-z\d][^<>\n]*>|\{\\[^{}\n]*\}")
_TURN = re.compile(r">>+\s*|[-–](?:\s+|(?!\d))")
_SPEAKER = re.compile(r"([^\W\d_a-z][\w.'’-]{0,30}(?: [^\W\d_a-z][\w.'’-]{0,30}| \d+){0,3}):\s+")
_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’)\]]*(?=\s|$)")  # noqa: RUF001  (full-width marks are meant)
_PAUSE_S = 3.0
_TOUCHING_S = 0.1
_MAX_SENTENCES = 5
_MAX_CHARACTERS = 1000  # of a paragraph, where nothing tells sentences apart


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a cue: when, until when, by whom (empty if the cue doesn't say), and whether another speaker begins."""

    start_s: float
    end_s: float
    speaker: str
    turns: bool
    text: str


def extract_subtitles(data: str) -> Extraction:
    r"""Return the paragraphs of a transcript.

    Raises
    ------
    IngestionError
        If there is no cue.

    Notes
    -----
    Paragraphs end at a pause of 3 seconds, where somebody else speaks, and after five sentences. Lines that rolling
    captions show again are taken once. pysubs2 was tried: it takes comments and names of cues for speech, and drops
    the speakers.

    Examples
    --------
    >>> cues = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Two <i>nets</i>,\n\n00:02.000 --> 00:04.000\n<v Ann>one game."
    >>> [(b.text, b.locator.time_s) for b in extract_subtitles(cues).blocks]
    [('Ann: Two nets, one game.', 1.0)]
    """
    head = _HEAD.match(data)
    cues = list(_cues(data, is_vtt=head is not None))
    if not cues:
        msg = "The transcript must have cues, such as 00:01.000 --> 00:04.000 and a line of text."
        raise IngestionError(msg, hint="Export it again as WebVTT or SubRip.")
    title = (head["title"] or "").strip() if head else ""
    language = _LANGUAGE.search(_BLANK_LINE.split(data, maxsplit=1)[0]) if head else None
    return Extraction(tuple(_paragraphs(cues)), title, {"language": language.group(1)} if language else {})


def _cues(data: str, *, is_vtt: bool) -> Iterator[tuple[float, float, str]]:
    timings = list(_TIMING.finditer(data))
    for i, timing in enumerate(timings):
        text = data[timing.end() : timings[i + 1].start() if i + 1 < len(timings) else len(data)]
        if is_vtt:  # a blank line ends a cue; names of cues, comments and styles may follow
            text = _BLANK_LINE.split(text, maxsplit=1)[0]
        elif i + 1 < len(timings):
            text = _IDENTIFIER.sub("", f"\n{text}")
        times = timing.groups()
        yield _seconds(*times[:4]), _seconds(*times[4:]), text


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> float:
    return 3600 * int(hours or 0) + 60 * int(minutes) + int(seconds) + float(f"0.{fraction}")


def _lines(cues: Iterable[tuple[float, float, str]]) -> Iterator[_Line]:
    """Yield the lines that are new: rolling captions begin with what the cue before them ended with."""
    shown: list[_Line] = []
    for start, end, text in cues:
        lines = [line for raw in _BEFORE_VOICE.split(text) if (line := _line(start, end, raw)).text]
        touches = bool(shown) and start - shown[-1].end_s < _TOUCHING_S
        yield from _new([line.text for line in shown], lines) if touches else lines
        shown = lines or shown


def _line(start: float, end: float, raw: str) -> _Line:
    voice = _VOICE.search(raw)
    text = " ".join(html.unescape(_TAG.sub("", raw)).split())
    turn = _TURN.match(text)
    text = text[turn.end() :] if turn else text
    name = None if voice else _SPEAKER.match(text)
    speaker = " ".join(voice.group(1).split()) if voice else name.group(1) if name else ""
    return _Line(start, end, html.unescape(speaker), turn is not None, text[name.end() :] if name else text)


def _new(shown: Sequence[str], lines: Sequence[_Line]) -> Sequence[_Line]:
    texts = [line.text for line in lines]
    overlap = next((n for n in range(min(len(shown), len(texts)), 0, -1) if list(shown[-n:]) == texts[:n]), 0)
    if overlap == 0 and lines and texts[0].startswith(f"{shown[-1]} "):  # the line grows word by word
        return [replace(lines[0], text=texts[0][len(shown[-1]) + 1 :]), *lines[1:]]
    return lines[overlap:]


class _Paragraph:
    """What one speaker says without a pause."""

    def __init__(self, first: _Line, speaker: str) -> None:
        self.speaker = speaker
        self._start_s = first.start_s
        self._end_s = first.end_s
        self._texts: list[str] = []
        self._n_sentences = 0
        self._n_characters = 0

    def holds(self, line: _Line) -> bool:
        """Return whether a line goes on with the paragraph."""
        is_other = line.turns or line.speaker not in {"", self.speaker}
        return not (is_other or self._is_full or line.start_s - self._end_s >= _PAUSE_S)

    def add(self, line: _Line) -> None:
        self._texts.append(line.text)
        self._end_s = line.end_s
        self._n_sentences += len(_SENTENCE_END.findall(line.text))
        self._n_characters += len(line.text)

    @property
    def block(self) -> ExtractedBlock:
        """The text, with the speaker in front."""
        text = " ".join(self._texts)
        return ExtractedBlock(
            "paragraph", f"{self.speaker}: {text}" if self.speaker else text, Locator(time_s=self._start_s)
        )

    @property
    def _is_full(self) -> bool:
        is_end = _SENTENCE_END.search(self._texts[-1][-4:]) is not None
        return (is_end and self._n_sentences >= _MAX_SENTENCES) or self._n_characters >= _MAX_CHARACTERS


def _paragraphs(cues: Iterable[tuple[float, float, str]]) -> Iterator[ExtractedBlock]:
    paragraph: _Paragraph | None = None
    for line in _lines(cues):
        if paragraph is None or not paragraph.holds(line):
            if paragraph:
                yield paragraph.block
            same = paragraph.speaker if paragraph and not line.turns else ""
            paragraph = _Paragraph(line, line.speaker or same)
        paragraph.add(line)
    if paragraph:
        yield paragraph.block
