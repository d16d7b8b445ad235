"""A real HTTP server on 127.0.0.1 that serves folders as the Hugging Face hub serves repositories."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

_MODEL = re.compile(r"/api/models/(?P<name>[^/]+/[^/]+)(/revision/(?P<revision>.+))?")
_TREE = re.compile(r"/api/models/(?P<name>[^/]+/[^/]+)/tree/(?P<revision>[^/]+)")
_FILE = re.compile(r"/(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")
_STORE = re.compile(r"/store/(?P<name>[^/]+/[^/]+)/(?P<file>.+)")


@dataclass
class Repository:
    """A folder that is served. `at` is the one revision that it has beside its commit."""

    folder: Path
    at: str = "main"
    gated: bool = False

    @property
    def commit(self) -> str:
        return hashlib.sha1(f"{self.folder} {self.at}".encode()).hexdigest()

    @property
    def files(self) -> dict[str, Path]:
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path for path in paths}

    def knows(self, revision: str | None) -> bool:
        return (revision or "main") in (self.at, self.commit)


@dataclass
class Hub:
    """Serves `repositories` by name.

    How many bytes of each file went out is in `sent`, the ranges that were asked for in `ranges`, the keys
    that reached the store of large files, another host, in `betrayed`. With `cut_after`, the transfer of a
    larger file breaks off after so many bytes, and what is asked of it afterwards is refused, until
    `cut_after` is None.
    """

    repositories: Mapping[str, Repository]
    cut_after: int | None = None
    sent: dict[str, int] = field(default_factory=dict)
    ranges: list[str] = field(default_factory=list)
    betrayed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def store(self) -> str:
        """Where large files are: under another name, as the hub keeps them on another host."""
        return f"http://localhost:{self._http.server_address[1]}/store"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(_Handler):
            served = hub

        return Handler


class _Handler(BaseHTTPRequestHandler):
    served: Hub
    protocol_version = "HTTP/1.1"
    timeout = 5.0

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        for pattern, reply in (
            (_TREE, self._tree),
            (_MODEL, self._model),
            (_FILE, self._file),
            (_STORE, self._stored),
        ):
            match = pattern.fullmatch(path)
            if match is None:
                continue
            parts = {part: unquote(value) for part, value in match.groupdict().items() if value}
            repository = self.served.repositories.get(parts["name"])
            if repository is None:
                self._refuse(404, "RepoNotFound")
            elif pattern is not _STORE and not repository.knows(parts.get("revision")):
                self._refuse(404, "RevisionNotFound")
            else:
                reply(repository, parts.get("file", ""))
            return
        self._refuse(404, "EntryNotFound")

    def _model(self, repository: Repository, _file: str) -> None:
        files = [{"rfilename": name, "size": path.stat().st_size} for name, path in repository.files.items()]
        name = next(key for key, value in self.served.repositories.items() if value is repository)
        self._json({"id": name, "modelId": name, "sha": repository.commit, "siblings": files})

    def _tree(self, repository: Repository, _file: str) -> None:
        self._json(
            [
                {"type": "file", "path": name, "size": path.stat().st_size, "oid": _etag(path)}
                for name, path in repository.files.items()
            ]
        )

    def _file(self, repository: Repository, name: str) -> None:
        """Send a small file; for weights, tell where they are stored, as the hub does."""
        path = repository.files.get(name)
        if repository.gated or path is None:
            self._refuse(*(403, "GatedRepo") if repository.gated else (404, "EntryNotFound"))
        elif path.suffix == ".safetensors":
            size, owner_and_name = str(path.stat().st_size), self.path.partition("/resolve/")[0]
            where = f"{self.served.store}{owner_and_name}/{name}"
            facts = {"X-Linked-Size": size, "X-Linked-Etag": f'"{_etag(path)}"', "Location": where}
            self._headers(302, {**facts, "X-Repo-Commit": repository.commit, "Content-Length": "0"})
        else:
            facts = {"ETag": f'"{_etag(path)}"', "X-Repo-Commit": repository.commit}
            self._send(name, path.read_bytes(), facts)

    def _stored(self, repository: Repository, name: str) -> None:
        if "Authorization" in self.headers:
            self.served.betrayed.append(self.headers["Authorization"])
        self._send(name, repository.files[name].read_bytes(), {"Accept-Ranges": "bytes"})

    def _send(self, name: str, data: bytes, facts: Mapping[str, str]) -> None:
        cut = self.served.cut_after is not None and len(data) > self.served.cut_after
        if cut and self.command == "GET" and name in self.served.sent:
            self._refuse(503, "")
            return
        start = self._start()
        part = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        self._headers(206 if start else 200, {"Content-Length": str(len(data) - start), **part, **facts})
        if self.command == "GET":
            sent = data[start : self.served.cut_after if cut else None]
            self.wfile.write(sent)
            self.served.sent[name] = self.served.sent.get(name, 0) + len(sent)
            self.close_connection = self.close_connection or cut

    def _start(self) -> int:
        asked = self.headers.get("Range")
        if asked is None:
            return 0
        self.served.ranges.append(asked)
        return int(asked.removeprefix("bytes=").partition("-")[0])

    def _json(self, content: object) -> None:
        data = json.dumps(content).encode()
        self._headers(200, {"Content-Type": "application/json", "Content-Length": str(len(data))})
        self.wfile.write(data)

    def _refuse(self, status: int, code: str) -> None:
        self._headers(status, {"X-Error-Code": code, "X-Error-Message": code, "Content-Length": "0"})

    def _headers(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def _etag(path: Path) -> str:
    """Return a file's name in the hub's store, as git gives it."""
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def environment(home: Path, hub: str | None = None, **more: str) -> dict[str, str]:
    """Return an environment whose hub is at the address `hub`; without one nothing may be asked of it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "OPENAI_"))}
    asked = {"HF_ENDPOINT": hub} if hub else {"HF_HUB_OFFLINE": "1"}
    return {**kept, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1", **asked, **more}
