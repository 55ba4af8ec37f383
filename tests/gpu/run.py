"""Measure on this machine's GPU and write ``docs/gpu.md``: ``make gpu-proof``."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "gpu.md"
sys.path.insert(0, str(Path(__file__).parent))


def main() -> int:
    """Write the page, or say in one line that there is no GPU."""
    import torch

    if not torch.cuda.is_available():
        sys.stderr.write(
            "There is no GPU that torch can use here: nothing was measured, docs/gpu.md was not written.\n"
        )
        return 0
    from proof import NETWORKS, PRECISIONS, machine, page, prove

    proofs = []
    for network in NETWORKS:
        for precision in PRECISIONS:
            sys.stderr.write(f"{network}, {precision} ...\n")
            proofs.append(prove(network, precision))
    PAGE.write_text(page(machine(), proofs), encoding="utf-8")
    sys.stderr.write(f"Written: {PAGE}. Now take the GPU out of 'What has not been run' in README.md.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
