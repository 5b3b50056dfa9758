# SPDX-License-Identifier: MIT
"""Request heads as clients send them, since what a server remembers of the last head answers only the ones that repeat it. And a client that
sends them one at a time, for what is counted and not timed."""
from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Callable

_BROWSER = (
    "GET /?page=%(n)d&ref=mail HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: keep-alive\r\n"
    'sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: "Linux"\r\n'
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: de-DE,de;q=0.9,en;q=0.8\r\nCookie: session=%(n)012x; theme=dark\r\n\r\n"
)


@dataclass(frozen=True)
class Head:
    """`bytes_of(n)` is the n-th request."""

    name: str
    title: str
    bytes_of: Callable[[int], bytes]
    closes: bool = False  # each request has a connection of its own


def _fixed(text: str) -> Callable[[int], bytes]:
    return lambda n: text.encode()


def browser(n: int) -> bytes:
    return (_BROWSER % {"n": 100_000 + n}).encode()


HEADS = [
    Head("wrk", "wrk's", _fixed("GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n")),
    Head("curl", "curl's", _fixed("GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n")),
    Head("curl-query", "curl's, query varied",
         lambda n: b"GET /?n=%d HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n" % (100_000 + n)),
    Head("browser", "a browser's, target and cookie varied", browser),
    Head("two-browsers", "two browsers' in turn", lambda n: browser(n % 2)),
    # kubelet's prober disables keep-alive; haproxy's `option httpchk` sends this by default.
    Head("kube-probe", "kube-probe's, with its connection",
         _fixed("GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: kube-probe/1.31\r\nAccept: */*\r\nConnection: close\r\n\r\n"), True),
    Head("haproxy-check", "haproxy's check, with its connection", _fixed("OPTIONS / HTTP/1.0\r\n\r\n"), True),
]

# A head that no memo knows, for one of so many routes.
ROUTES = tuple(f"/route-{n:02d}" for n in range(100))
ROUTED = [
    Head("routed", "of 100 routes", lambda n: b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n" % ROUTES[n % len(ROUTES)].encode()),
    Head("routed-query", "of 100 routes, with a query",
         lambda n: b"GET %s?n=%d HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n" % (ROUTES[n % len(ROUTES)].encode(), 100_000 + n)),
]


def by_name(name: str) -> Head:
    return next(head for head in HEADS if head.name == name)


def send(port: int, head: Head, first: int, count: int) -> None:
    """`count` requests, from the `first`-th on, one at a time on one connection (or each on its own). Answers are short and have a
    Content-Length, or none of a content."""
    client = None
    for n in range(first, first + count):
        if client is None:
            client = socket.create_connection(("127.0.0.1", port), timeout=20)
        client.sendall(head.bytes_of(n))
        if not client.recv(4096).startswith(b"HTTP/1."):
            raise RuntimeError(f"no answer to {head.bytes_of(n)!r}")
        if head.closes:
            while client.recv(4096):
                pass
            client.close()
            client = None
    if client is not None:
        client.close()


def wrk_script(head: Head, variants: int = 256) -> str:
    """For `wrk -s`: one of so many requests after the other, made beforehand."""
    quoted = ",\n".join('"' + "".join(f"\\{byte:03d}" for byte in head.bytes_of(n)) + '"' for n in range(variants))
    return f"local requests = {{{quoted}}}\nlocal n = 0\nfunction request() n = n % #requests + 1 return requests[n] end\n"
