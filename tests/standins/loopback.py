"""A server on 127.0.0.1 that serves files and misbehaves on purpose.

    with Stand({"/a.zip": body}) as stand:
        stand.faults["/a.zip"] = ["503html", "truncate"]
        ...  # ask stand.base + "/a.zip"
        assert [request.path for request in stand.seen] == ["/a.zip"] * 3

A subclass answers by overriding `Stand.respond`. Ranges (with If-Range), HEAD and the faults are laid over whatever it answers.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

LOGIN_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Earthdata Login</title></head><body><form action='/login' method='post'>"
    b"<input name='username'><input type='password' name='password'></form></body></html>"
)
BUSY_PAGE = b"<html><head><title>503 Service Temporarily Unavailable</title></head><body>nginx</body></html>"
EXPIRED_LINK = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message>'
    b"<X-Amz-Expires>3600</X-Amz-Expires><Expires>2026-01-01T00:00:00Z</Expires></Error>"
)


@dataclass
class Request:
    """What was asked: method, path (without query), query, headers, body, in that order of arrival."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode())


@dataclass
class Answer:
    """What is answered; a 200 with an ETag or Last-Modified, or any body at all, can be asked for in ranges."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, value: Any, status: int = 200, **headers: str) -> Answer:
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json"} | headers)

    @classmethod
    def page(cls, text: str, status: int = 200) -> Answer:
        return cls(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


# One misdeed of one request: a name, or an answer instead of the right one.
#   "401" "404" "429" "500" ... (digits)  that status with a JSON detail; 429 and 503 with Retry-After: stand.retry_after
#   "503html"  the same with a page        "login"  200 and a login page       "expired"  403 of S3: the link has expired
#   "reset"    RST instead of an answer    "truncate"  RST half-way            "cut"      the connection ends half-way
#   "short"    no length, half the body    "nolength"  no length, all of it    "stall"    half the body, then silence
#   "slow"     the body in small pieces    "wrongsize" a shorter body under its own right length
#   "corrupt"  a bit of each KiB flipped   "whole"  Range is ignored           "badrange" continues from another place
#   "redirect" 302 to stand.elsewhere      "empty_next"  a page with no items and a next link
Fault = str | Answer


class Stand(ThreadingHTTPServer):
    """The server.

    Attributes:
        files: path -> body, served with ETag and Last-Modified unless a subclass answers.
        faults: path, or a regular expression for whole paths -> misdeeds of the next requests, one each, in order.
        seen: every request so far.
        sent: bytes of bodies so far.
        elsewhere: base address of another host, for "redirect".
        retry_after: value of that header.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, files: Mapping[str, bytes] | None = None, *, tls: tuple[Path, Path] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = dict(files or {})
        self.faults: dict[str, list[Fault]] = {}
        self.seen: list[Request] = []
        self.sent = 0
        self.elsewhere = ""
        self.retry_after = "0"
        self.ranges = True
        self.modified = formatdate(1_700_000_000, usegmt=True)
        self.closing = threading.Event()
        self.scheme = "http"
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"
        self._lock = threading.Lock()

    def respond(self, request: Request) -> Answer:
        """The right answer; a subclass overrides this."""
        body = self.files.get(request.path)
        if body is None:
            return Answer.of_json({"detail": "not found"}, 404)
        return Answer(200, body, {"Content-Type": "application/octet-stream", **self.validators(body)})

    def validators(self, body: bytes) -> dict[str, str]:
        """ETag and Last-Modified of a body."""
        return {"ETag": f'"{hashlib.md5(body).hexdigest()}"', "Last-Modified": self.modified}

    def empty_page(self, request: Request) -> Answer:
        """A page of a listing that holds nothing and yet leads on."""
        return Answer.of_json({"jobs": [], "items": [], "hits": 1, "next": f"{self.base}{request.path}?start_token=more"})

    @property
    def netloc(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def base(self) -> str:
        return f"{self.scheme}://{self.netloc}"

    def asked(self, path: str) -> list[Request]:
        """The requests for one path."""
        return [request for request in self.seen if request.path == path]

    def next_fault(self, path: str) -> Fault | None:
        with self._lock:
            for pattern, faults in self.faults.items():
                if faults and (pattern == path or re.fullmatch(pattern, path)):
                    return faults.pop(0)
        return None

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


class Handler(BaseHTTPRequestHandler):
    server: Stand
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments: Any) -> None:
        """Keep the test's output quiet."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Request(self.command, parts.path, parse_qs(parts.query), self.headers, body)
        self.server.seen.append(asked)
        fault = self.server.next_fault(asked.path)
        if fault == "reset":
            self.abort()
            return
        answer = self.wrong(asked, fault) or self.server.respond(asked)
        if fault == "wrongsize":
            answer = Answer(answer.status, answer.body[: len(answer.body) * 2 // 3], answer.headers)
        if fault == "corrupt":
            answer = Answer(answer.status, flipped(answer.body), answer.headers)
        if self.server.ranges and answer.status == 200 and fault != "whole":
            answer = in_range(asked, answer, off=7 if fault == "badrange" else 0)
        self.send(answer, fault)

    do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_GET

    def wrong(self, asked: Request, fault: Fault | None) -> Answer | None:
        """The answer of a fault that is another answer."""
        stand = self.server
        later = {"Retry-After": stand.retry_after}
        if isinstance(fault, Answer):
            return fault
        if fault == "503html":
            return Answer(503, BUSY_PAGE, {"Content-Type": "text/html"} | later)
        if fault == "login":
            return Answer(200, LOGIN_PAGE, {"Content-Type": "text/html; charset=utf-8"})
        if fault == "expired":
            return Answer(403, EXPIRED_LINK, {"Content-Type": "application/xml"})
        if fault == "redirect":
            return Answer(302, b"", {"Location": stand.elsewhere + self.path})
        if fault == "empty_next":
            return stand.empty_page(asked)
        if fault is not None and fault.isdigit():
            headers = later if fault in ("429", "503") else {}
            return Answer.of_json({"detail": f"made to fail with {fault}"}, int(fault), **headers)
        return None

    def send(self, answer: Answer, fault: Fault | None) -> None:
        self.send_response(answer.status)
        for key, value in answer.headers.items():
            self.send_header(key, value)
        if fault in ("short", "nolength"):
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        half = answer.body[: len(answer.body) // 2]
        if fault in ("truncate", "cut", "short", "stall"):
            self.put(half)
            self.close_connection = True
            if fault == "truncate":
                time.sleep(0.05)  # what is not yet sent when a connection is reset is lost
                self.abort()
            elif fault == "stall":
                self.server.closing.wait(60)
        elif fault == "slow":
            for start in range(0, len(answer.body), max(1, len(answer.body) // 20)):
                self.put(answer.body[start : start + max(1, len(answer.body) // 20)])
                time.sleep(0.02)
        else:
            self.put(answer.body)

    def put(self, block: bytes) -> None:
        self.wfile.write(block)
        self.server.sent += len(block)

    def abort(self) -> None:
        """Reset the connection."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def flipped(body: bytes) -> bytes:
    """A body with one bit of each KiB turned over."""
    wrong = bytearray(body)
    for place in range(min(600, len(wrong) - 1), len(wrong), 1024):
        wrong[place] ^= 0x10
    return bytes(wrong)


def in_range(asked: Request, answer: Answer, off: int = 0) -> Answer:
    """The part that a Range header asks for, unless If-Range says that it is of another file (RFC 9110, 13.1.5 and 14.2)."""
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.headers.get("Range", ""))
    same = asked.headers.get("If-Range")
    if (
        wanted is None
        or asked.method != "GET"
        or (same and same not in (answer.headers.get("ETag"), answer.headers.get("Last-Modified")))
    ):
        return Answer(answer.status, answer.body, {"Accept-Ranges": "bytes"} | answer.headers)
    size = len(answer.body)
    start = max(0, int(wanted[1]) - off)
    end = min(size, int(wanted[2]) + 1) if wanted[2] else size
    if start >= size:
        return Answer(416, b"", {"Content-Range": f"bytes */{size}"})
    return Answer(206, answer.body[start:end], answer.headers | {"Content-Range": f"bytes {start}-{end - 1}/{size}"})


def count(requests: Iterable[Request]) -> dict[str, int]:
    """How often each path was asked for."""
    counts: dict[str, int] = {}
    for request in requests:
        counts[request.path] = counts.get(request.path, 0) + 1
    return counts
