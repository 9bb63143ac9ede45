"""Downloads from an https server on this machine that misbehaves in every way we could think of."""

import hashlib
import random
import ssl
import threading

import pytest

from datasets.errors import InputError
from datasets.fetch import Patience, fetch, https_opener, reachable

QUICK = Patience(attempts=3, backoff_s=1.0, connect_s=5.0, read_s=5.0, total_s=60.0)


@pytest.fixture
def get(server, payload, tmp_path):
    """Download with this server; returns the bytes. `get.waits` are the waiting times between tries."""

    def run(**options):
        target = tmp_path / "out" / "clip.gif"
        arguments = {
            "sha256": hashlib.sha256(payload).hexdigest(),
            "patience": QUICK,
            "opener": server.opener,
            "sleep": run.waits.append,
            "jitter": random.Random(0),
        } | options
        fetch(options.pop("url", server.url), destination=target, **{k: v for k, v in arguments.items() if k != "url"})
        return target.read_bytes()

    run.waits = []
    return run


def _refused(get, **options) -> str:
    with pytest.raises(InputError) as caught:
        get(**options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _nothing_left(tmp_path) -> bool:
    return not list((tmp_path / "out").glob("*")) and not list((tmp_path / "out").glob(".*"))


def test_a_good_download(server, respond, payload, get, tmp_path):
    server.answers = [respond(body=payload)]
    seen = []
    assert get(progress=lambda count, total: seen.append((count, total))) == payload
    assert seen[-1] == (len(payload), len(payload))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["clip.gif"]
    assert get.waits == []


def test_without_a_length_the_checksum_decides(server, respond, payload, get):
    server.answers = [respond(body=payload, length=None)]
    assert get() == payload


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_passing_errors_are_tried_again_with_growing_waits(server, respond, payload, get, status):
    server.answers = [respond(status), respond(status), respond(body=payload)]
    assert get() == payload
    assert len(server.requests) == 3
    assert 1.0 <= get.waits[0] <= 1.5
    assert 2.0 <= get.waits[1] <= 3.0


def test_waits_differ_from_process_to_process(server, respond, payload, get):
    server.answers = [respond(503), respond(body=payload)] * 2
    get(jitter=random.Random(1))
    get(jitter=random.Random(2))
    assert get.waits[0] != get.waits[1]


def test_an_error_that_stays_is_one_line(server, respond, get, tmp_path):
    server.answers = [respond(500)]
    assert "the server answers 500 Internal Server Error; try again later, or use a stage" in _refused(get)
    assert len(server.requests) == 3
    assert _nothing_left(tmp_path)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_other_http_errors_are_not_tried_again(server, respond, get, tmp_path, status):
    server.answers = [respond(status)]
    message = _refused(get)
    assert message.startswith(server.url)
    assert f"the server answers {status}" in message and "check the address" in message
    assert len(server.requests) == 1
    assert _nothing_left(tmp_path)


def test_a_truncated_body_is_tried_again_and_never_kept(server, respond, payload, get, tmp_path):
    cut = respond(body=payload[:50_000], length=len(payload))
    server.answers = [cut, respond(body=payload)]
    assert get() == payload
    server.requests.clear()
    server.answers = [cut]
    assert "closed after 50000 of 200000 bytes" in _refused(get)
    assert len(server.requests) == 3
    assert (tmp_path / "out" / "clip.gif").read_bytes() == payload  # the earlier file


def test_a_wrong_checksum_is_refused_at_once(server, respond, payload, get, tmp_path):
    server.answers = [respond(body=payload[:-1] + b"x")]
    message = _refused(get)
    assert hashlib.sha256(payload).hexdigest()[:12] in message
    assert hashlib.sha256(payload[:-1] + b"x").hexdigest()[:12] in message
    assert len(server.requests) == 1
    assert _nothing_left(tmp_path)


def test_checksums_may_be_in_capitals(server, respond, payload, get):
    server.answers = [respond(body=payload)]
    assert get(sha256=hashlib.sha256(payload).hexdigest().upper()) == payload


@pytest.mark.parametrize("length", [-1, None, 10**12])
def test_too_large_is_refused_while_it_streams(server, respond, payload, get, tmp_path, length):
    server.answers = [respond(body=payload * 20, length=length)]
    assert "sends more than the 100000 bytes that are accepted" in _refused(get, max_bytes=100_000)
    assert len(server.requests) == 1
    assert _nothing_left(tmp_path)


def test_a_length_that_lies_does_not_let_more_through(server, respond, payload, get, tmp_path):
    server.answers = [respond(body=payload, length=1000)]
    assert "SHA-256" in _refused(get, max_bytes=100_000)
    assert _nothing_left(tmp_path)


def test_a_server_that_never_ends_is_stopped_by_the_limit(server, get, tmp_path):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        while not server.released.is_set():
            handler.wfile.write(bytes(65536))

    server.answers = [endless]
    assert "sends more than" in _refused(get, max_bytes=1_000_000)
    assert _nothing_left(tmp_path)


def test_a_server_that_never_answers(server, get, tmp_path):
    server.answers = [lambda handler: server.released.wait()]
    patience = Patience(attempts=2, connect_s=0.1, read_s=60.0)
    assert "no answer in time; try again later" in _refused(get, patience=patience)
    assert len(get.waits) == 1
    assert _nothing_left(tmp_path)


def test_a_server_that_goes_silent_in_the_middle(server, respond, payload, get, tmp_path):
    def silent(handler):
        respond(body=payload[:1000], length=len(payload))(handler)
        handler.wfile.flush()
        server.released.wait()

    server.answers = [silent]
    assert "no answer in time" in _refused(get, patience=Patience(attempts=2, backoff_s=0.0, read_s=0.1))
    assert len(server.requests) == 2
    assert _nothing_left(tmp_path)


def test_a_server_that_sends_drop_by_drop_is_stopped_by_the_total(server, get, tmp_path):
    def dripping(handler):
        handler.send_response(200)
        handler.end_headers()
        while not server.released.wait(0.02):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    server.answers = [dripping]
    assert "no answer in time" in _refused(get, patience=Patience(read_s=5.0, total_s=0.4))
    assert len(server.requests) == 1
    assert _nothing_left(tmp_path)


def test_redirects_within_https_are_followed(server, respond, payload, get):
    server.answers = [respond(302, Location=server.url.replace("clip.gif", "other.gif")), respond(body=payload)]
    assert get() == payload
    assert server.requests == [("GET", "/clip.gif"), ("GET", "/other.gif")]


@pytest.mark.parametrize("target", ["http://localhost:1/clip.gif", "ftp://localhost/clip.gif"])
def test_redirects_away_from_https_are_refused(server, respond, get, tmp_path, target):
    server.answers = [respond(301, Location=target)]
    assert f"redirects to {target}, which is not https" in _refused(get)
    assert len(server.requests) == 1
    assert _nothing_left(tmp_path)


def test_redirects_to_local_files_are_refused(server, respond, get, tmp_path):
    server.answers = [respond(302, Location="file:///etc/passwd")]
    _refused(get)
    assert len(server.requests) == 1
    assert _nothing_left(tmp_path)


@pytest.mark.parametrize(
    "url", ["http://a.example/x", "file:///etc/passwd", "ftp://a/x", "a.gif", "https://", "https://["]
)
def test_only_https_addresses(get, url, tmp_path):
    assert "is no https address" in _refused(get, url=url)
    assert not (tmp_path / "out").exists()


def test_an_opener_can_do_nothing_but_https():
    for url in ("http://localhost:1/", "file:///etc/passwd", "ftp://localhost/", "data:,x"):
        with pytest.raises(OSError, match="unknown url type"):
            https_opener(proxies={}).open(url)


def test_a_certificate_that_is_not_trusted_is_refused_at_once(server, respond, payload, get, tmp_path):
    server.answers = [respond(body=payload)]
    opener = https_opener(ssl.create_default_context(), proxies={})
    assert "its certificate is not trusted" in _refused(get, opener=opener)
    assert get.waits == []
    assert _nothing_left(tmp_path)


def test_nobody_listens(get, server, tmp_path):
    url = "https://localhost:1/clip.gif"
    assert "cannot be reached" in _refused(get, url=url)
    assert len(get.waits) == 2
    assert _nothing_left(tmp_path)


def test_a_full_disk_is_no_network_error(server, respond, payload, get, tmp_path, full_disk):
    server.answers = [respond(body=payload)]
    assert "disk is full" in _refused(get)
    assert len(server.requests) == 1
    assert _nothing_left(tmp_path)


def test_reachable(server, respond):
    server.answers = [respond(200)]
    assert reachable(server.url, 30, server.opener) is None
    assert server.requests == [("HEAD", "/clip.gif")]
    server.answers = [respond(405)]
    assert reachable(server.url, 30, server.opener) is None
    server.answers = [respond(404)]
    assert reachable(server.url, 30, server.opener) == "the server answers 404 Not Found"
    server.answers = [lambda handler: server.released.wait()]
    assert reachable(server.url, 0.1, server.opener) == "no answer in time"
    assert "cannot be reached" in reachable("https://localhost:1/", 30, server.opener)


def test_a_name_that_is_never_resolved_does_not_hang(monkeypatch):
    """Name resolution knows no timeout of its own."""
    released = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: released.wait())
    try:
        assert reachable("https://a.example/", 0.1, https_opener(proxies={})) == "no answer in time"
    finally:
        released.set()
