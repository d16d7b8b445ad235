"""A real HTTP server on 127.0.0.1 that serves folders as the Hugging Face hub serves repositories."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self, TypeAlias
from urllib.parse import unquote, urlsplit

_MODEL = re.compile(r"/api/models/(?P<name>[^/]+/[^/]+)(/revision/(?P<revision>.+))?")
_TREE = re.compile(r"/api/models/(?P<name>[^/]+/[^/]+)/tree/(?P<revision>[^/]+)")
_FILE = re.compile(r"/(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")
_STORE = re.compile(r"/store/(?P<name>[^/]+/[^/]+)/(?P<file>.+)")


Body: TypeAlias = bytes | Callable[[], Iterable[bytes]]
"""A response body: bytes with their length, or a function of parts that are sent one after the other."""


def as_it_is(listing: dict[str, Any]) -> dict[str, Any]:
    return listing


@dataclass
class Repository:
    """A folder that is served. `at` is its only revision besides its commit.

    The other fields make a hostile hub: `forged` changes the listing, `tags` replaces the hashes of files by
    other ETags, and `contents` replaces the files. With `moved`, the listing is on another host.
    """

    folder: Path
    at: str = "main"
    gated: bool = False
    forged: Callable[[dict[str, Any]], dict[str, Any] | Body] = as_it_is
    tags: Mapping[str, str] = field(default_factory=dict)
    contents: Mapping[str, Body] = field(default_factory=dict)
    moved: bool = False

    @property
    def commit(self) -> str:
        return hashlib.sha1(f"{self.folder} {self.at}".encode()).hexdigest()

    @property
    def files(self) -> dict[str, Path]:
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path for path in paths}

    def tag(self, name: str) -> str:
        """Return the ETag of a file: its SHA-256 if it is large, and its git hash otherwise."""
        data = self.files[name].read_bytes()
        return self.tags.get(name, sha256_of(data) if is_large(name) else git_hash_of(data))

    def listing(self, name: str) -> dict[str, Any]:
        """Return the hub's listing of the repository `name`."""
        files: list[dict[str, Any]] = []
        for file, path in self.files.items():
            data = path.read_bytes()
            files.append({"rfilename": file, "size": len(data), "blobId": git_hash_of(data)})
            if is_large(file):
                pointer = git_hash_of(b"a pointer to it")
                large = {"sha256": sha256_of(data), "size": len(data), "pointerSize": 134}
                files[-1] |= {"blobId": pointer, "lfs": large}
        return {"id": name, "modelId": name, "sha": self.commit, "siblings": files}

    def knows(self, revision: str | None) -> bool:
        return (revision or "main") in (self.at, self.commit)


@dataclass
class Hub:
    """Serves `repositories` by name.

    `sent` counts the bytes of each file that were sent. `ranges` lists the requested ranges. `leaked` lists
    the keys that reached another host, such as the store of large files. With `cut_after`, the transfer of a
    larger file stops after this number of bytes, and later requests for the file fail until `cut_after` is
    None.
    """

    repositories: Mapping[str, Repository]
    cut_after: int | None = None
    sent: dict[str, int] = field(default_factory=dict)
    ranges: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)

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
        name = next(key for key, value in self.served.repositories.items() if value is repository)
        elsewhere = self.served.store.removesuffix("/store")
        if repository.moved and self.headers["Host"] not in elsewhere:
            self._headers(307, {"Location": elsewhere + self.path, "Content-Length": "0"})
            return
        if repository.moved:
            self._watch()
        said = repository.forged(repository.listing(name))
        self._send_body(json.dumps(said).encode() if isinstance(said, dict) else said)

    def _tree(self, repository: Repository, _file: str) -> None:
        self._json(
            [
                {"type": "file", "path": name, "size": path.stat().st_size, "oid": repository.tag(name)}
                for name, path in repository.files.items()
            ]
        )

    def _file(self, repository: Repository, name: str) -> None:
        """Send a small file; for weights, redirect to their store, as the hub does."""
        path = repository.files.get(name)
        if repository.gated or path is None:
            self._refuse(*(403, "GatedRepo") if repository.gated else (404, "EntryNotFound"))
        elif is_large(name):
            size, owner_and_name = str(path.stat().st_size), self.path.partition("/resolve/")[0]
            where = f"{self.served.store}{owner_and_name}/{name}"
            facts = {"X-Linked-Size": size, "X-Linked-Etag": f'"{repository.tag(name)}"', "Location": where}
            self._headers(302, {**facts, "X-Repo-Commit": repository.commit, "Content-Length": "0"})
        else:
            facts = {"ETag": f'"{repository.tag(name)}"', "X-Repo-Commit": repository.commit}
            self._send(name, repository.contents.get(name, path.read_bytes()), facts)

    def _stored(self, repository: Repository, name: str) -> None:
        self._watch()
        content = repository.contents.get(name, repository.files[name].read_bytes())
        self._send(name, content, {"Accept-Ranges": "bytes"})

    def _watch(self) -> None:
        """Note a key that comes to another host."""
        if "Authorization" in self.headers:
            self.served.leaked.append(self.headers["Authorization"])

    def _send_body(self, body: Body) -> None:
        if callable(body):
            self._headers(200, {"Transfer-Encoding": "chunked"})
            self._send_pieces(body())
        else:
            self._headers(200, {"Content-Type": "application/json", "Content-Length": str(len(body))})
            self.wfile.write(body)

    def _send_pieces(self, pieces: Iterable[bytes]) -> None:
        self.close_connection = True
        with contextlib.suppress(ConnectionError):  # the client may have had enough
            for piece in pieces:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

    def _send(self, name: str, data: Body, facts: Mapping[str, str]) -> None:
        if callable(data):
            self._headers(200, {**facts, "Transfer-Encoding": "chunked"})
            if self.command == "GET":
                self._send_pieces(data())
            return
        cut = self.served.cut_after is not None and len(data) > self.served.cut_after
        if cut and self.command == "GET" and name in self.served.sent:
            self._refuse(503, "")
            return
        start = self._start()
        if start and start >= len(data):
            self._refuse(416, "")
            return
        part = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        self._headers(206 if start else 200, {"Content-Length": str(len(data) - start), **part, **facts})
        if self.command == "GET":
            sent = data[start : self.served.cut_after if cut else None]
            self.served.sent[name] = self.served.sent.get(name, 0) + len(sent)
            self.wfile.write(sent)
            self.close_connection = self.close_connection or cut

    def _start(self) -> int:
        asked = self.headers.get("Range")
        if asked is None:
            return 0
        self.served.ranges.append(asked)
        return int(asked.removeprefix("bytes=").partition("-")[0])

    def _json(self, content: object) -> None:
        self._send_body(json.dumps(content).encode())

    def _refuse(self, status: int, code: str) -> None:
        self._headers(status, {"X-Error-Code": code, "X-Error-Message": code, "Content-Length": "0"})

    def _headers(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def is_large(name: str) -> bool:
    """Whether the hub keeps a file in its store, with a pointer in git."""
    return name.endswith(".safetensors")


def git_hash_of(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def endless() -> Iterator[bytes]:
    """Yield zeros without end."""
    while True:
        yield bytes(2**16)


def environment(home: Path, hub: str | None = None, **more: str) -> dict[str, str]:
    """Return an environment with the hub at the address `hub`; without an address the hub is offline."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "OPENAI_"))}
    asked = {"HF_ENDPOINT": hub} if hub else {"HF_HUB_OFFLINE": "1"}
    return {**kept, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1", **asked, **more}
