"""Prose whose numbers are computed when the lesson runs."""

from __future__ import annotations

import string
import textwrap
from dataclasses import dataclass

from workbench.errors import LessonError


@dataclass(frozen=True)
class Text:
    """Markdown that a notebook shows as prose."""

    markdown: str

    def __str__(self) -> str:
        return self.markdown

    def _repr_markdown_(self) -> str:
        return self.markdown


class _Formatter(string.Formatter):
    """``str.format``, with a space before the percent sign, as everywhere on screen."""

    def format_field(self, value: object, format_spec: str) -> str:
        text = str(format(value, format_spec))
        return f"{text[:-1]} %" if format_spec.endswith("%") else text


def say(template: str, **values: object) -> Text:
    """Fill computed values into a sentence.

    A number that stands in a lesson's prose is passed in here, so it cannot go stale.

    Parameters
    ----------
    template : str
        Markdown with fields in braces, in the language of ``str.format``, but that ``.0%``
        gives "25 %"; common leading white space is taken off.
    **values
        One for each field, computed by the lesson.

    Returns
    -------
    Text
        Shown as prose by a notebook.

    Raises
    ------
    LessonError
        A field without a value, a value without a field, or a format that does not fit.

    Examples
    --------
    >>> print(say("A header has {size:,} bytes.", size=1389))
    A header has 1,389 bytes.
    """
    try:
        fields = {
            name.split(".")[0].split("[")[0]
            for _, name, _, _ in string.Formatter().parse(template)
            if name is not None
        }
        if fields != set(values):
            raise LessonError(
                f"the text has the fields {sorted(fields)}, the values are {sorted(values)}"
            )
        return Text(_Formatter().format(textwrap.dedent(template).strip(), **values))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        if isinstance(error, LessonError):
            raise
        raise LessonError(f"the text and its values do not fit: {error}") from error
