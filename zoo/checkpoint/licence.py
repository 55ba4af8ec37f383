"""Licences by their SPDX expressions (https://spdx.org/licenses): whether a text can be one, not what it allows."""

import re
from typing import Final

_EXPRESSION = re.compile(r"\(*[A-Za-z0-9][A-Za-z0-9.+-]*\)*(?: (?:AND|OR|WITH) \(*[A-Za-z0-9][A-Za-z0-9.+-]*\)*)*\Z")
_NONE: Final = frozenset({"unknown", "none", "noassertion", "other", "todo", "tbd", "n-a", "na"})


def is_licence(text: str) -> bool:
    """Whether a text has the form of an SPDX expression and says something.

    >>> is_licence("MIT OR Apache-2.0"), is_licence("my own terms"), is_licence("unknown")
    (True, False, False)
    """
    return bool(_EXPRESSION.match(text)) and text.lower().replace("/", "-") not in _NONE
