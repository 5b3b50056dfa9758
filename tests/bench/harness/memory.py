# SPDX-License-Identifier: MIT
"""What a server holds at rest, what each idle connection adds, and how soon it answers."""
from __future__ import annotations

import socket
import time

from . import system
from .server import Server


def idle_bytes(server: Server, connections: int) -> float:
    """Growth of the Pss for each keep-alive connection that has had one answer. A few come first, for what is set up on first use."""
    if connections > system.descriptors() - 200:
        raise system.Missing(f"room for {connections} connections (ulimit -n is {system.descriptors()})")
    clients: list[socket.socket] = []
    try:
        _open(server, clients, 100)
        before = server.memory_bytes("Pss")
        _open(server, clients, connections)
        return (server.memory_bytes("Pss") - before) / connections
    finally:
        for client in clients:
            client.close()


def _open(server: Server, clients: list[socket.socket], count: int) -> None:
    request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % server.port
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        clients.append(client)
        client.sendall(request)
        if not client.recv(4096):
            raise RuntimeError(f"{server.name} closed connection {len(clients)}")


def start_ms(server: Server) -> float:
    """From the start of the program to the first byte of its first answer. `server` is not running before, nor after."""
    request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % server.port
    began = time.perf_counter()
    server.spawn()
    try:
        while time.perf_counter() - began < 10:
            with socket.socket() as client:
                try:
                    client.connect(("127.0.0.1", server.port))
                    client.sendall(request)
                    client.recv(1)
                    return (time.perf_counter() - began) * 1000
                except OSError:
                    continue
        raise RuntimeError(f"{server.name} did not answer in 10 s")
    finally:
        server.stop()
