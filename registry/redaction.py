"""What a machine said, fit for people outside: no token, no path of the server, no password in an address."""

import re

_RULES = (
    # Tokens of this site, of hubs, and whatever follows the word in a header.
    (re.compile(r"\b(?:prn|hf|ghp|api_org)_[A-Za-z0-9_-]{6,}"), "[token]"),
    (re.compile(r"(?i)\b(bearer +|(?:token|password|secret) *[=:] *)[^\s,;\"']+"), r"\1[removed]"),
    (re.compile(r"(?i)([?&](?:token|signature|x-amz-[a-z-]+|sig|key)=)[^&\s\"']+"), r"\1[removed]"),
    (re.compile(r"\b([a-z][a-z0-9+.-]*://)[^/\s@\"']+@"), r"\1"),
    # Of a path only the file's name stays; addresses (https://host/a/b) and names (org/name) are no paths.
    (re.compile(r"(?<![\w:/.@-])file://(?:/[\w.@+%~-]+)*/([\w.@+%~-]+)"), r"\1"),
    (re.compile(r"(?<![\w:/.@-])~?(?:/[\w.@+%~-]+)+/([\w.@+%~-]+)"), r"\1"),
    (re.compile(r"\b[A-Za-z]:\\(?:[^\\\s\"']+\\)*([^\\\s\"']+)"), r"\1"),
)


def redacted(text: str | None) -> str | None:
    """``text`` without what is nobody's business.

    >>> redacted("OSError: /srv/cache/models/net.safetensors: Authorization: Bearer hf_abcdefgh")
    'OSError: net.safetensors: Authorization: Bearer [removed]'
    """
    if text is None:
        return None
    for pattern, put in _RULES:
        text = pattern.sub(put, text)
    return text
