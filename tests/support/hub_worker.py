"""A process to be killed: it serves a hub, works on it as a client, and writes down what it was answered.

Arguments: the hub's folder, a token of alice, the journal, how many turns. In the journal stands what a commit is to
hold before it is sent, and its id when it was answered; each line is on disk before the work goes on.
"""

import json
import os
import sys
import threading
from pathlib import Path
from typing import TextIO

from hub_requests import commit, inline, large, sha256, upload
from raw_http import RawClient

from registry.hub_server.collecting import collect
from registry.hub_server.embedded import EmbeddedHub
from registry.hub_server.hub import Hub, open_hub
from registry.hub_server.records import Limits

GRACE_SECONDS = 1.5


def main(folder: Path, token: str, journal: Path, turns: int) -> None:
    """Commit, drop and collect for a while; the collector runs in another thread."""
    with EmbeddedHub(folder) as hub, journal.open("a", encoding="utf-8") as notes:
        raw = RawClient(hub.endpoint, token)
        stop = threading.Event()
        same = open_hub(hub.engine, folder / "store", hub.endpoint, Limits())
        collector = threading.Thread(target=_collect_until, args=(same, stop))
        collector.start()
        for turn in range(turns):
            _publish(raw, turn, notes)
            _come_and_go(raw, turn)
        stop.set()
        collector.join()


def _collect_until(hub: Hub, stop: threading.Event) -> None:
    while not stop.wait(0.1):
        collect(hub, GRACE_SECONDS)


def _publish(raw: RawClient, turn: int, notes: TextIO) -> None:
    files = {"w.bin": "\0" + "x" * 1000 + f"{turn % 3}", "note.txt": f"turn {turn}"}
    _note(notes, {"files": files})
    data = files["w.bin"].encode()
    try:
        oid = upload(raw, "alice/m", data)
    except KeyError:  # the hub has it
        oid = sha256(data)
    rows = (large("w.bin", oid), inline("note.txt", files["note.txt"].encode()))
    answer = commit(raw, "alice/m", *rows, summary=f"turn {turn}")
    if answer.status != 200:
        raise RuntimeError(f"the commit was refused: {answer}")
    _note(notes, {"files": files, "oid": answer.json["commitOid"]})


def _come_and_go(raw: RawClient, turn: int) -> None:
    """Something for the collector."""
    raw("POST", "/api/repos/create", {"name": "gone"})
    upload(raw, "alice/gone", b"\0abandoned %d" % turn)
    commit(raw, "alice/gone", inline("a.txt", b"%d" % turn))
    raw("DELETE", "/api/repos/delete", {"name": "gone"})


def _note(notes: TextIO, row: dict[str, object]) -> None:
    notes.write(json.dumps(row) + "\n")
    notes.flush()
    os.fsync(notes.fileno())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
