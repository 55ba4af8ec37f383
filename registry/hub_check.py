"""The check of a model on a hub, from the cheapest question to the dearest: the same for author, form and worker.

1. The listing: is it there, may it be asked, are there pickles, is a file too large? Nothing is fetched.
2. The descriptions and the header of the weights, some kilobytes: names, shapes, dtypes, what is declared.
3. The weights, if nothing is wrong so far: NaN, zeros against the claim, passport, both files one model.

Whatever one step finds is told together.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from zoo.checkpoint.errors import ConfigError, TensorFileError
from zoo.checkpoint.folder import CARD, CONFIG, PASSPORT, PROVENANCE
from zoo.checkpoint.passport import Passport
from zoo.checkpoint.safetensors_file import TensorFile
from zoo.checkpoint.sparse import is_sparse
from zoo.checkpoint.sparse.header import judge
from zoo.checkpoint.weights import SPARSE_WEIGHTS, WEIGHTS

from .addresses import HUGGING_FACE, parse_address
from .check import PICKLE_SUFFIXES, Described, check, check_header
from .declarations import Declared
from .download import Progress
from .errors import HubAccessError, NotOnHubError, NotPullableError, TooLargeError, UnknownRecordError, WrongModelError
from .fetch import Fetcher
from .pull import Pulled, pull
from .reasons import Reason, in_order
from .resolve import Pin, resolve
from .sources import Source

_WEIGHTS = (SPARSE_WEIGHTS, WEIGHTS)
_MOST_FILES = 2000
_DESCRIPTIONS = (CONFIG, PROVENANCE, PASSPORT, CARD)


@dataclass(frozen=True)
class HubReport:
    """Every reason against a model on a hub; without one, what was pulled and what it measures."""

    reasons: tuple[Reason, ...]
    pulled: Pulled | None = None
    passport: Passport | None = None


class _RefusedError(Exception):
    """The files cannot be had, for reasons that the submitter can mend."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(reasons)
        self.reasons = reasons


@dataclass(frozen=True)
class _Asked:
    target: str
    source: Source
    endpoint: str | None
    token: str | None
    declared: Declared
    cache: Path | None
    progress: Progress


def check_on_hub(
    target: str,
    *,
    source: Source,
    endpoint: str | None,
    token: str | None = None,
    allowed: Collection[str] | None = None,
    declared: Declared | None = None,
    cache: Path | None = None,
    progress: Progress = lambda _done, _more: None,
) -> HubReport:
    """Every reason against ``target`` (slug, Hub id or address, with @revision or without).

    ``source`` knows slugs and dense parents; with ``allowed``, no other hub is asked. ``token`` is for ``endpoint``
    alone. Raises :class:`~registry.errors.HubUnavailableError` where a hub is away, which says nothing of the model.
    """
    asked = _Asked(target, source, endpoint, token, declared or Declared(), cache, progress)
    try:
        if allowed is not None:
            _require_allowed(asked, allowed)
        fetcher = _fetcher(asked)
        early = list(_listed(fetcher))
        _require_fetchable(fetcher, early)
        early += check_header(_descriptions(fetcher), _header(fetcher, early), asked.declared, source).reasons
        if early:
            return HubReport(in_order(early))
        pulled = _pull(asked, fetcher)
    except _RefusedError as error:
        return HubReport(error.reasons)
    except (NotOnHubError, HubAccessError, NotPullableError, UnknownRecordError) as error:
        return HubReport((Reason("not_on_hub", error.message),))
    report = check(pulled.path, source=source, declared=asked.declared)
    return HubReport(report.reasons, pulled, report.passport) if report.ok else HubReport(report.reasons)


def fetch_folder(pulled: Pulled, name: str, *, endpoint: str, token: str | None, cache: Path | None = None) -> Path:
    """The JSON and Parquet files of a folder of the repository that was pulled, and where they lie.

    Raises :class:`~registry.errors.TooLargeError` before anything is fetched where a file, or their number, is beyond
    what is fetched.
    """
    fetcher = Fetcher(Pin(endpoint, pulled.repo_id, pulled.commit, token), cache)
    wanted = [one for one in fetcher.names if PurePosixPath(one).parent == PurePosixPath(name)]
    wanted = [one for one in wanted if one.endswith((".json", ".parquet"))]
    if len(wanted) > _MOST_FILES:
        raise TooLargeError(f"{name} holds {len(wanted):,} files; at most {_MOST_FILES:,} are fetched.")
    for one in wanted:
        fetcher.refuse_oversized(one)
    for one in wanted:
        fetcher.get(one)
    return fetcher.folder / name


def _require_allowed(asked: _Asked, allowed: Collection[str]) -> None:
    home = asked.endpoint or HUGGING_FACE
    if foreign := {home, parse_address(asked.target).endpoint or home} - set(allowed):
        raise _RefusedError(Reason("hub_not_allowed", f"{', '.join(sorted(foreign))} is not asked for models."))


def _fetcher(asked: _Asked) -> Fetcher:
    pin = resolve(asked.target, source=asked.source, endpoint=asked.endpoint, token=asked.token)
    return Fetcher(pin, asked.cache, asked.progress)


def _listed(fetcher: Fetcher) -> Iterator[Reason]:
    for name in sorted(fetcher.names):
        if PurePosixPath(name).suffix.lower() in PICKLE_SUFFIXES:
            yield Reason("pickle_present", name)
    if not any(map(fetcher.holds, _WEIGHTS)):
        yield Reason("bad_safetensors", f"there is neither {WEIGHTS} nor {SPARSE_WEIGHTS}")


def _require_fetchable(fetcher: Fetcher, early: list[Reason]) -> None:
    """Sizes are judged before anything is fetched."""
    for name in (*_WEIGHTS, *_DESCRIPTIONS):
        if fetcher.holds(name):
            try:
                fetcher.refuse_oversized(name)
            except TooLargeError as error:
                early.append(Reason("too_large", error.message))
    if any(reason.code == "too_large" for reason in early):
        raise _RefusedError(*in_order(early))


def _descriptions(fetcher: Fetcher) -> Path:
    """The folder with the fetched descriptions; also where there are none."""
    for name in _DESCRIPTIONS:
        if fetcher.holds(name):
            fetcher.get(name)
    return fetcher.folder


def _header(fetcher: Fetcher, early: list[Reason]) -> tuple[Described, ...]:
    name = next(filter(fetcher.holds, _WEIGHTS), None)
    if name is None:
        return ()
    try:
        header = fetcher.header(name)
        if not is_sparse(header.metadata):
            return header.entries
        return judge(TensorFile(Path(name), BytesIO(), header)).tensors
    except TensorFileError as error:
        early.append(Reason("bad_safetensors", error.message))
        return ()


def _pull(asked: _Asked, fetcher: Fetcher) -> Pulled:
    """The model with all of its weight files, which are then known to be one model."""
    pin = fetcher.pin
    token = asked.token if pin.endpoint == (asked.endpoint or HUGGING_FACE) else None

    def fetch(*, dense: bool = False) -> Pulled:
        where = f"{pin.repo_id}@{pin.commit}"
        more = {"cache": asked.cache, "progress": asked.progress}
        return pull(where, source=asked.source, endpoint=pin.endpoint, token=token, dense=dense, **more)  # type: ignore[arg-type]

    try:
        pulled = fetch()
    except WrongModelError as error:
        unreadable = isinstance(error.__cause__, TensorFileError)
        raise _RefusedError(Reason("bad_safetensors" if unreadable else "passport_claim", error.message)) from error
    except ConfigError as error:  # the other descriptions have been judged: it is the passport's
        raise _RefusedError(Reason("passport_claim", error.message)) from error
    if len(pulled.held) == 1:
        return pulled
    try:
        return fetch(dense=True)
    except WrongModelError as error:
        raise _RefusedError(Reason("files_differ", error.message)) from error
