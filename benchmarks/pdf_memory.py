"""Peak memory and speed of `rag ingest` for a PDF of 1,600 pages, in a process of its own."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fpdf
from report import write_report

from rag_app.content import content_dir
from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.ingestion.load import load_source

_N_PAGES = 1600
_N_SENTENCES = 22  # of a page, about 450 words
_PARAGRAPH = 5
_MEBIBYTE = 2**20
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "book.pdf")
        path.write_bytes(_book(_sentences()))
        rows = [_ingest(path, Path(folder))]
        about = {"n_pages": _N_PAGES, "file_mib": round(path.stat().st_size / _MEBIBYTE, 1), "n_cpus": os.cpu_count()}
    write_report("pdf_memory", rows, **about)


def _sentences() -> list[str]:
    """Return the sentences of the course that a PDF without embedded fonts can show."""
    found: list[str] = []
    for path in sorted(content_dir("knowledge").glob("*.md")):
        source = load_source(path.read_bytes(), uri=str(path), name=path.name, suffix=path.suffix)
        paragraphs = [source.text[b.start : b.end] for b in source.blocks if b.kind == "paragraph"]
        found += [text[start:end] for text in paragraphs for start, end in split_sentences(text)]
    return [text for text in found if len(text.split()) >= _PARAGRAPH and text.isascii()]


def _book(sentences: list[str]) -> bytes:
    """Return a book of different pages: headings, an outline, a running header and page numbers."""
    rng = random.Random(0)
    pdf = fpdf.FPDF()
    pdf.set_auto_page_break(auto=False)
    for number in range(1, _N_PAGES + 1):
        pdf.add_page()
        pdf.set_font("Helvetica", "", 9)
        pdf.text(20, 12, "A Course of Generative Networks")
        pdf.text(180, 288, str(number))
        pdf.set_y(22)
        if number % 8 == 1:
            title = f"Chapter {number // 8 + 1}"
            pdf.start_section(title)
            pdf.set_font("Helvetica", "B", 18)
            pdf.cell(0, 12, title, new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("Times", "", 10.5)
        chosen = [f"{text} ({number}.{i})" for i, text in enumerate(rng.sample(sentences, _N_SENTENCES))]
        for start in range(0, _N_SENTENCES, _PARAGRAPH):
            pdf.multi_cell(0, 4.6, " ".join(chosen[start : start + _PARAGRAPH]), new_x="LMARGIN", new_y="NEXT")
            pdf.ln(2)
    return bytes(pdf.output())


def _ingest(path: Path, folder: Path) -> dict[str, object]:
    environment = os.environ | {"RAG_DATA_DIR": str(folder / "data")}
    command = [sys.executable, "-m", "rag_app", "ingest", str(path), "--json"]
    with (folder / "output").open("w+", encoding="utf-8") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        output.seek(0)
        shown = output.read()
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(shown)
    return {
        "way": "rag ingest",
        "seconds": round(seconds, 1),
        "pages/s": round(_N_PAGES / seconds, 1),
        "peak memory (MiB)": round(usage.ru_maxrss * _RSS_UNIT / _MEBIBYTE),
    }


if __name__ == "__main__":
    main()
