"""Runs in the environment of compressed-tensors: ``FILE`` (dense) -> answers ``size``, ``encode`` and ``decode``.

Its bitmask compressor, on every tensor of two dimensions or more, each flattened to (out, rest): it packs along the
last dimension with an offset a row, and would make 3 x 3 convolutions larger than dense.
"""

import sys

from compressed_tensors.compressors.sparse_compressors.sparse_bitmask import (  # type: ignore[import-not-found]
    BitmaskTensor,
)
from safetensors.torch import load_file

weights = {name: value for name, value in load_file(sys.argv[1]).items() if value.ndim > 1}
rest = sum(value.nbytes for value in load_file(sys.argv[1]).values() if value.ndim < 2)


def encode() -> dict[str, BitmaskTensor]:
    return {name: BitmaskTensor.from_dense(value.reshape(value.shape[0], -1)) for name, value in weights.items()}


packed = encode()
for line in sys.stdin:
    match line.strip():
        case "encode":
            encode()
            answer = "0"
        case "decode":
            decoded = [value.decompress() for value in packed.values()]
            answer = "0"
        case _:
            parts = [part for value in packed.values() for part in value.dict("w").values()]
            answer = str(rest + sum(part.nbytes for part in parts))
    sys.stdout.write(answer + "\n")
    sys.stdout.flush()
