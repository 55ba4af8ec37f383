"""Every call that clients make to a hub, by name: run by the Python of each client's own environment.

Nothing of ours is imported here. ``HF_ENDPOINT`` and ``HF_TOKEN`` say where the hub is; the arguments are groups of
checks (``hub``, ``tools``, ``libraries``). It prints JSON: the client's versions, and for each check "ok" or its error.
"""

import json
import sys
import time
import traceback
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Isolated interpreters leave the folder of their script out.
sys.path.insert(0, str(Path(__file__).parent))

from hub_client_checks import CHECKS

for module in ("hub_client_calls", "hub_client_tools"):
    import_module(module)  # each adds its checks


def _versions() -> dict[str, str]:
    found = {}
    for name in ("huggingface_hub", "hf_xet", "datasets", "timm", "torch"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def main(groups: list[str]) -> None:
    """Run the groups in order; one failure does not stop the others."""
    results, seconds = {}, {}
    for name, function in [pair for group in groups for pair in CHECKS[group].items()]:
        started = time.perf_counter()
        try:
            function()
            results[name] = "ok"
        except Exception:
            results[name] = traceback.format_exc()[-1500:]
        seconds[name] = round(time.perf_counter() - started, 2)
    print(json.dumps({"versions": _versions(), "results": results, "seconds": seconds}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:] or list(CHECKS))
