"""Small clips, a full disk, and an https server that misbehaves as told."""

import http.server
import os
import random
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from datasets.clip import Clip, make_clip
from datasets.fetch import https_opener

DELAYS_MS = (100, 200, 40, 80, 120)


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No stage, cache or proxy of whoever runs the tests."""
    for name in ("SGIF_STAGE", "XDG_CACHE_HOME", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SGIF_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def real_stage() -> Path:
    """The stage with real data that SGIF_STAGE named when the tests were started."""
    if not _REAL_STAGE or not (Path(_REAL_STAGE) / "clips" / "waterfall.gif").is_file():
        pytest.skip("SGIF_STAGE names no stage with real clips")
    return Path(_REAL_STAGE)


_REAL_STAGE = os.environ.get("SGIF_STAGE")


@pytest.fixture(scope="session")
def clip() -> Clip:
    """Five frames of 30x40 with few colours, all different, with different delays."""
    colours = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    frames = [np.kron(np.roll(colours, shift, axis=1), np.ones((5, 5, 1), np.uint8)) for shift in range(5)]
    return make_clip(np.stack(frames), DELAYS_MS)


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every temporary file is /dev/full, which the kernel refuses to write as it refuses a full disk."""
    original = tempfile.mkstemp

    def mkstemp(*arguments, **options):
        handle, name = original(*arguments, **options)
        Path(name).unlink()
        Path(name).symlink_to("/dev/full")
        return handle, name

    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    monkeypatch.setattr("datasets.files.tempfile.mkstemp", mkstemp)


Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@pytest.fixture
def server() -> Iterator[SimpleNamespace]:
    """An https server on this machine: `answers` is a list of functions, one a request, the last one for all further.

    Has `url`, `opener` (which trusts its certificate), `requests` (method and path), and `released` (an event that
    an answer may wait for; set when the test ends).
    """
    state = SimpleNamespace(answers=[], requests=[], released=threading.Event())

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def answer(self) -> None:
            index = min(len(state.requests), len(state.answers) - 1)
            state.requests.append((self.command, self.path))
            state.answers[index](self)

        do_GET = do_HEAD = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # clients that hang up are what some tests are about

    certificate = Path(__file__).with_name("localhost.pem")
    listening = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"https://localhost:{listening.server_port}/clip.gif"
    state.opener = https_opener(ssl.create_default_context(cafile=certificate), proxies={})
    try:
        yield state
    finally:
        state.released.set()
        listening.shutdown()
        listening.server_close()


@pytest.fixture
def respond() -> Callable[..., Answer]:
    """Make an answer: status, body, headers; `length` is the Content-Length to claim (None: none)."""

    def make(status: int = 200, body: bytes = b"", length: int | None = -1, **headers: str) -> Answer:
        def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            claimed = len(body) if length == -1 else length
            if claimed is not None:
                handler.send_header("Content-Length", str(claimed))
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            if handler.command == "GET":
                handler.wfile.write(body)

        return answer

    return make


@pytest.fixture
def payload() -> bytes:
    """200 kB that do not compress."""
    return random.Random(1).randbytes(200_000)
