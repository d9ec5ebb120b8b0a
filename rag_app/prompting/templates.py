"""Prompts by name: those of a folder of the user's own, then those of the package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rag_app.content import content_dir
from rag_app.errors import PromptError, UnknownNameError
from rag_app.prompting.parsing import parse_prompt
from rag_app.prompting.prompt import Prompt


def load_prompt(name: str, folder: Path | None = None) -> Prompt:
    """Return a prompt by name.

    Parameters
    ----------
    name : str
        The file's name without ``.md``.
    folder : pathlib.Path, optional
        The setting ``prompts_dir``: a prompt of this folder comes before one of the package.

    Raises
    ------
    UnknownNameError
        If there is no such file.
    PromptError
        If the folder does not exist, or the file breaks a rule; the message says which, with file and line.

    Examples
    --------
    >>> load_prompt("answer").variables
    ('passages', 'question')
    """
    files = {file.stem: file for file in reversed(list(prompt_files(folder)))}
    if name not in files:
        raise UnknownNameError(kind="prompt", name=name, known=files)
    prompt = read_prompt(files[name])
    check_override(prompt)
    return prompt


def list_prompts(folder: Path | None = None) -> list[str]:
    """Return the names of the prompts, those of a folder of the user's own among them.

    Examples
    --------
    >>> "answer" in list_prompts()
    True
    """
    return sorted({file.stem for file in prompt_files(folder)})


def prompt_files(folder: Path | None = None) -> Iterator[Path]:
    """Yield the files of prompts: the folder's, then those of the package, also those that the folder overrides.

    Raises
    ------
    PromptError
        If the folder does not exist.
    """
    if folder is not None and not folder.is_dir():
        msg = f"RAG_PROMPTS_DIR must be an existing folder; got {str(folder)!r}."
        raise PromptError(msg, hint="Make it, or leave the setting out.")
    for place in [content_dir("prompts")] if folder is None else [folder, content_dir("prompts")]:
        yield from sorted(place.glob("*.md"))


def read_prompt(file: Path) -> Prompt:
    """Return the prompt that stands in a file.

    Raises
    ------
    PromptError
        If the file breaks a rule.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"{file}: A prompt must be a text file in UTF-8; it cannot be read."
        raise PromptError(msg) from exc
    return parse_prompt(text, name=file.stem, file=file)


def check_override(prompt: Prompt) -> None:
    """Raise a `PromptError` if a prompt stands for one of the package and has other variables.

    The program would fill in what it does not have.
    """
    packaged = content_dir("prompts") / f"{prompt.name}.md"
    if prompt.file == packaged or not packaged.is_file():
        return
    needed = read_prompt(packaged).variables
    if set(needed) != set(prompt.variables):
        rule = f"The variables of {prompt.name} must be those of the packaged prompt, {', '.join(needed)}"
        msg = f"{prompt.file}:{_line_of_variables(prompt)}: {rule}; got {', '.join(prompt.variables) or 'none'}."
        raise PromptError(msg)


def _line_of_variables(prompt: Prompt) -> int:
    lines = prompt.file.read_text(encoding="utf-8-sig").split("\n") if prompt.file else []
    return next((number for number, line in enumerate(lines, start=1) if line.startswith("variables")), 1)
