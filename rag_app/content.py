"""Where prompts/, knowledge/ and evals/ are: beside the package in a checkout, inside it in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from rag_app.errors import StoreError

_PACKAGE = Path(__file__).resolve().parent


def content_dir(name: str) -> Path:
    """Return the folder of packaged content.

    Parameters
    ----------
    name : {"prompts", "knowledge", "evals"}
        Which folder.

    Returns
    -------
    pathlib.Path
        An existing folder.

    Raises
    ------
    StoreError
        If the installation lacks it.

    Examples
    --------
    >>> (content_dir("prompts") / "answer.md").is_file()
    True
    """
    for folder in (_PACKAGE / "_content" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    msg = f"The folder {name}/ is missing from this installation."
    raise StoreError(msg, hint="Reinstall rag-app.")
