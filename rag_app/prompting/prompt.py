"""A prompt: what is sent to a language model, with places for what changes from one request to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.errors import PromptError

if TYPE_CHECKING:
    from langchain_core.prompts import ChatPromptTemplate


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file.

    Parameters
    ----------
    name, purpose, output : str
        From the front matter.
    version : int
        Raised with every change of the text.
    variables : tuple of str
        What `render` needs.
    sections : tuple of (str, str)
        Role and template of each message, in order.
    file : pathlib.Path or None
        Where it was read from.
    """

    name: str
    version: int
    purpose: str
    variables: tuple[str, ...]
    output: str
    sections: tuple[tuple[str, str], ...]
    file: Path | None = field(default=None, compare=False)

    @property
    def label(self) -> str:
        """Name and version, as answers record it."""
        return f"{self.name}@{self.version}"

    def render(self, **values: str) -> list[tuple[str, str]]:
        """Return the messages as (role, text).

        Parameters
        ----------
        **values : str
            One for each declared variable. Braces in a value stay as they are.

        Raises
        ------
        PromptError
            If a variable is missing or was not declared.

        Examples
        --------
        >>> prompt = Prompt("greet", 1, "Greet.", ("name",), "a line", (("user", "Greet {name}."),))
        >>> prompt.render(name="{Ada}")
        [('user', 'Greet {Ada}.')]
        """
        missing, extra = set(self.variables) - set(values), set(values) - set(self.variables)
        if missing or extra:
            wrong = ", ".join(sorted(missing or extra))
            msg = f"The prompt {self.name} {'needs' if missing else 'does not declare'} the variable {wrong}."
            raise PromptError(msg)
        return [(role, template.format_map(values)) for role, template in self.sections]

    @property
    def template(self) -> ChatPromptTemplate:
        """The same as a LangChain prompt, for chains of one's own: ``load_prompt("summarise").template | llm``.

        Examples
        --------
        >>> prompt = Prompt("greet", 1, "Greet.", ("name",), "a line", (("user", "Greet {name}."),))
        >>> prompt.template.invoke({"name": "{Ada}"}).to_string()
        'Human: Greet {Ada}.'
        """
        from langchain_core.prompts import ChatPromptTemplate

        template = ChatPromptTemplate.from_messages(list(self.sections))
        template.name = self.label  # what traces show
        return template
