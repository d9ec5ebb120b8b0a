"""What a reader of a format returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag_app.locator import Locator
from rag_app.types import BlockKind


@dataclass(frozen=True, slots=True)
class ExtractedBlock:
    """One block of text, before its place in the extracted text is known.

    Parameters
    ----------
    kind : str
        See `rag_app.types.BlockKind`.
    text : str
        Without markup.
    locator : Locator
        Where it begins.
    header : str
        Embedded in front of every piece of the block that does not begin with it: the header row of a table.
    joined : bool
        Whether it stands on the line below the block before it, as the rows of a table do, instead of after a blank
        line.
    """

    kind: BlockKind
    text: str
    locator: Locator = Locator()
    header: str = ""
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Extraction:
    """The blocks of a document in reading order, its title if it has one, and its front matter."""

    blocks: tuple[ExtractedBlock, ...]
    title: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


class HeadingPath:
    """The headings that are open at a place in a document.

    Examples
    --------
    >>> path = HeadingPath()
    >>> path.enter(1, "GANs"), path.enter(2, "Training"), path.enter(2, "Mode collapse")
    (('GANs',), ('GANs', 'Training'), ('GANs', 'Mode collapse'))
    """

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    @property
    def titles(self) -> tuple[str, ...]:
        """From the outermost to the innermost."""
        return tuple(title for _, title in self._open)

    def enter(self, level: int, title: str) -> tuple[str, ...]:
        """Open a heading, close those of its level and below, and return the path."""
        self._open = [(n, t) for n, t in self._open if n < level]
        self._open.append((level, title))
        return self.titles
