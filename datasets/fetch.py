"""Fetching: a file from an https address, whole and verified, or one line that says why not."""

import hashlib
import http.client
import os
import random
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from datasets.deadline import within
from datasets.errors import InputError
from datasets.files import replacing
from datasets.limits import Limits

_CHUNK = 64 * 1024
# What urllib and http.client raise; ValueError and its kin for addresses that make no sense.
_NETWORK_ERRORS = (OSError, http.client.HTTPException, ValueError)
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Patience:
    """How long and how often a download is tried.

    Attributes:
        attempts: at most so many tries.
        backoff_s: wait before the second try; doubled for each further one, and lengthened at random by up to half.
        connect_s: longest wait for the beginning of the answer, name resolution included, in seconds.
        read_s: longest wait for the next bytes, in seconds.
        total_s: longest time for everything together, in seconds.
    """

    attempts: int = 4
    backoff_s: float = 0.5
    connect_s: float = 20.0
    read_s: float = 10.0
    total_s: float = 300.0


class _HttpsRedirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects, but never away from https."""

    def redirect_request(self, request: Any, file: Any, code: int, message: str, headers: Any, target: str) -> Any:
        if urlsplit(target).scheme != "https":
            raise InputError(f"{request.full_url}: redirects to {target}, which is not https; get the file by hand")
        return super().redirect_request(request, file, code, message, headers, target)


def https_opener(
    context: ssl.SSLContext | None = None, proxies: Mapping[str, str] | None = None
) -> urllib.request.OpenerDirector:
    """An opener that can do https and nothing else.

    Args:
        context: which certificates to trust; the system's by default.
        proxies: proxy a scheme; by default those of the environment.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(None if proxies is None else dict(proxies)),
        urllib.request.HTTPSHandler(context=context),
        _HttpsRedirects(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "singan-gif-bench")]
    return opener


def fetch(
    url: str,
    sha256: str,
    destination: str | Path,
    *,
    max_bytes: int = Limits.max_bytes,
    patience: Patience | None = None,
    opener: urllib.request.OpenerDirector | None = None,
    sleep: Callable[[float], None] = time.sleep,
    jitter: random.Random | None = None,
    progress: Progress | None = None,
) -> None:
    """Download `url` to `destination`, which appears (or is replaced) only when it is complete and verified.

    Tried again after HTTP 429 and 5xx, broken connections, short bodies and timeouts; not after other HTTP errors, a
    wrong certificate, a wrong checksum, or a file that is too large.

    Args:
        url: https address; redirects may only lead to https addresses.
        sha256: what the file must have, 64 hexadecimal digits.
        destination: where to put it.
        max_bytes: stop as soon as more arrives.
        patience: how long and how often to try.
        opener, sleep, jitter: replaced in tests.
        progress: called with bytes so far and, if known, in all.

    Raises:
        InputError: the file cannot be had, is not the one that was asked for, or cannot be written.
    """
    require_https(url)
    patience = patience or Patience()
    opener = opener or https_opener()
    # Waiting times need no repeatability; but processes that start together should not try again together.
    jitter = jitter or random.Random(os.getpid())
    end = time.monotonic() + patience.total_s
    attempt = 0
    while True:
        try:
            # A new temporary file for each try: one that timed out may still be writing to its own.
            with replacing(destination) as temporary:
                found = _transfer(url, temporary, max_bytes, patience, end, opener, progress)
                if found != sha256.lower():
                    raise InputError(
                        f"{url}: has SHA-256 {found[:12]}…, not {sha256[:12].lower()}…: the file there is another one; "
                        "check where it comes from, then correct the checksum"
                    )
            return
        except _BrokenError as error:
            wait = patience.backoff_s * 2**attempt * (1 + jitter.random() / 2)
            attempt += 1
            if attempt >= patience.attempts or not _passing(error.cause) or time.monotonic() + wait >= end:
                raise InputError(f"{url}: {explain(error.cause)}; {_remedy(error.cause)}") from error.cause
        sleep(wait)


def require_https(url: str) -> None:
    """Raise InputError if `url` is no https address with a host."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise InputError(f"{url}: is no https address; use one, or give a path to a file")


def reachable(url: str, timeout_s: float, opener: urllib.request.OpenerDirector | None = None) -> str | None:
    """None if the address answers a HEAD request within `timeout_s` seconds, else the reason in a few words."""

    def head() -> None:
        with (opener or https_opener()).open(urllib.request.Request(url, method="HEAD"), timeout=timeout_s):
            pass

    try:
        within(timeout_s, head)
    except urllib.error.HTTPError as error:
        # Some servers have the file and merely refuse to be asked this way.
        return None if error.code in (405, 501) else explain(error)
    except (*_NETWORK_ERRORS, InputError) as error:
        return explain(error)
    return None


def explain(error: Exception) -> str:
    """What went wrong with a connection, in a few words."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answers {error.code} {error.reason or http.client.responses.get(error.code, '')}".strip()
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({reason.verify_message})"
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    words = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return f"cannot be reached ({words})"


def _remedy(error: Exception) -> str:
    if isinstance(error, ValueError) or (isinstance(error, urllib.error.HTTPError) and not _passing(error)):
        return "check the address"
    return "try again later, or use a stage (a local folder with the files)"


def _passing(error: Exception) -> bool:
    """Whether the same request may well succeed a little later."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code == 429 or error.code >= 500
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return not isinstance(reason, ssl.SSLCertVerificationError | ValueError)


class _BrokenError(Exception):
    """The network failed (and not the disk, whose errors are of the same types)."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _transfer(
    url: str,
    temporary: Path,
    max_bytes: int,
    patience: Patience,
    end: float,
    opener: urllib.request.OpenerDirector,
    progress: Progress | None,
) -> str:
    """One try: write what `url` sends to `temporary`, and return its SHA-256."""
    given_up = threading.Event()

    def left() -> float:
        return max(end - time.monotonic(), 0.0)

    def connect() -> Any:
        return opener.open(url, timeout=patience.read_s)

    def receive(response: Any, announced: int | None) -> str:
        digest, count = hashlib.sha256(), 0
        with response, temporary.open("wb") as file:
            while not given_up.is_set() and (chunk := _chunk(response)):
                count += len(chunk)
                if count > max_bytes:
                    raise _too_large(url, max_bytes)
                digest.update(chunk)
                file.write(chunk)
                if progress:
                    progress(count, announced)
        if announced is not None and count < announced:
            raise _BrokenError(ConnectionError(f"the connection was closed after {count} of {announced} bytes"))
        return digest.hexdigest()

    try:
        response = within(min(patience.connect_s, left()), connect)
    except _NETWORK_ERRORS as error:
        raise _BrokenError(error) from error
    announced = _announced(response)
    if announced is not None and announced > max_bytes:
        response.close()
        raise _too_large(url, max_bytes)
    try:
        return within(left(), lambda: receive(response, announced))
    except TimeoutError as error:
        raise _BrokenError(error) from error
    finally:
        given_up.set()


def _chunk(response: Any) -> bytes:
    try:
        # read1 returns what has arrived; read would wait for a whole chunk, with a new timeout for every byte of it.
        return response.read1(_CHUNK)
    except _NETWORK_ERRORS as error:
        raise _BrokenError(error) from error


def _announced(response: Any) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else None


def _too_large(url: str, max_bytes: int) -> InputError:
    return InputError(f"{url}: sends more than the {max_bytes} bytes that are accepted; check the address")
