"""What every test runs in: a clean environment, fixed seeds, no network beyond this machine, a hub on demand."""

import functools
import gc
import os
import random
import shutil
import socket
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import uuid4

# The Hugging Face libraries read these once, when they are imported, which collecting the tests may already do.
_KEPT = (
    "HF_HUB_DISABLE_XET",  # the second run of the hub's conformance suite sets it
    "PRUNARIUM_REQUIRE",  # what CI promised to have (tests/support/optional.py)
    "PRUNARIUM_TEST_HUB_DATABASE",  # the run of the hub's tests on PostgreSQL sets it
)
for _name in [name for name in os.environ if name.startswith(("HF_", "HUGGINGFACE_", "PRUNARIUM_"))]:
    if _name not in _KEPT:
        del os.environ[_name]
_HF_HOME = Path(tempfile.mkdtemp(prefix="prunarium-test-hf-"))
os.environ |= {
    "HF_HOME": str(_HF_HOME),
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "OMP_NUM_THREADS": "1",
}

import jaxtyping  # noqa: E402
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402
from hypothesis.internal.conjecture import providers  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

pytest_plugins = ["hub_fixture", "replayed_migrations"]

settings.register_profile("quick", deadline=None, derandomize=True, max_examples=25, database=None)
settings.register_profile("full", deadline=None, max_examples=1000, print_blob=True)
# Hypothesis reads the constants of every module that a test could have loaded: a minute in each process, and after an
# edit anywhere it draws other examples everywhere.
vars(providers)["is_local_module_file"] = lambda _path: False
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# Public signatures are checked; a function inside a function would be compiled into checks at every call of the outer.
_jaxtyped = jaxtyping.jaxtyped
vars(jaxtyping)["jaxtyped"] = lambda **options: _unless_local(_jaxtyped(**options))
# A plugin of pytest has loaded numpy by now, whose sums differ in their last bits by the number of threads.
threadpool_limits(1)
# Every HTTP client reads the certificates of the world anew, and here none is ever needed.
vars(ssl)["create_default_context"] = functools.cache(ssl.create_default_context)
# Millions of objects are made while tests are collected and stay: the collector need not look at them ever after.
gc.disable()


def _unless_local(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda found: found if "<locals>" in found.__qualname__ else check(found)


def pytest_collection_finish() -> None:
    """From here on there is garbage."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    """Warnings are errors, but for those that libraries raise about themselves."""
    # huggingface_hub 2.4 gives its own HTTP library a file as ``data=``.
    config.addinivalue_line("filterwarnings", "ignore:Use 'content=<...>' to upload raw bytes:DeprecationWarning")
    # torch's DataLoader forks, and from Python 3.12 on that is warned of wherever any library has a thread.
    config.addinivalue_line("filterwarnings", "ignore:This process .* is multi-threaded:DeprecationWarning")


def pytest_unconfigure() -> None:
    """Remove the client cache of this run."""
    shutil.rmtree(_HF_HOME, ignore_errors=True)


@pytest.fixture(autouse=True)
def clean_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever a test keeps by default lands in a folder of its own, which is made when it is needed."""
    for name in [name for name in os.environ if name.startswith("PRUNARIUM_") and name not in _KEPT]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PRUNARIUM_HOME", str(tmp_path_factory.getbasetemp() / "homes" / uuid4().hex))


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    """The global generators start alike in every test; code of ours does not use them."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Fail at once, with the address, when a test reaches out of this machine."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def checked(address: Any) -> Any:
        if isinstance(address, tuple) and not _is_local(str(address[0])):
            raise RuntimeError(f"A test tried to reach {address[0]}: tests stay on this machine.")
        return address

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", lambda self, address: connect(self, checked(address)))
        patch.setattr(socket.socket, "connect_ex", lambda self, address: connect_ex(self, checked(address)))
        yield


def _is_local(host: str) -> bool:
    try:
        return host in ("localhost", "") or ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
