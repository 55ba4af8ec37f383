"""The sparse weights file: a safetensors file near the entropy limit of its model. ``docs/format.md`` describes it.

planes.py      numbers as byte planes, with few symbols packed
positions.py   where the stored values stand: gaps or a bitmask
frames.py      zstd, tuned to entropy coding and bounded against bombs
codec.py       one tensor <-> bytes and their description
header.py      the metadata of the file, its version, its upgrades
file.py        whole files, streamed
"""

from .file import iter_sparse, read_sparse, unpack, verify, write_sparse
from .header import is_sparse

__all__ = ["is_sparse", "iter_sparse", "read_sparse", "unpack", "verify", "write_sparse"]
