"""Whether what a method would hold fits into memory: said before, not by a process that dies."""

from pathlib import Path

import torch

from ..errors import TooLargeError


def available_bytes(device: torch.device | str) -> int | None:
    """Bytes that can still be taken on a device; None where the system does not say."""
    device = torch.device(device)
    if device.type == "cuda":
        return (
            torch.cuda.mem_get_info(device)[0]
            + torch.cuda.memory_reserved(device)
            - torch.cuda.memory_allocated(device)
        )
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def in_words(count: int) -> str:
    """A number of bytes.

    >>> in_words(4_716_871)
    '4.7 MB'
    """
    for unit, size in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e6:.1f} MB"


def check_memory(needed: int, device: torch.device | str, what: str, hint: str) -> None:
    """Raise :class:`TooLargeError` where ``what`` needs more bytes than ``device`` has left."""
    available = available_bytes(device)
    if available is not None and needed > available:
        raise TooLargeError(f"{what} takes {in_words(needed)}; {in_words(available)} are free on {device}.", hint)
