# SPDX-License-Identifier: MIT
"""Every line of a capture is JSON to Python's json, and what Python reads is what the client sent, byte for byte.

Whether a body is text is Python's to say: its UTF-8 decoder is the other opinion. TINYHTTPD_SEED runs one seed again.
"""
import base64
import datetime
import json
import os
import random
import subprocess
import sys
import unittest

WRITER = sys.argv[1:]
SEED = int(os.environ.get("TINYHTTPD_SEED") or random.SystemRandom().getrandbits(63))
COUNT = 5000
EPOCH = datetime.datetime(1970, 1, 1)


def unique(pairs):
    """An object whose names come once each."""
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), names
    return dict(pairs)


def expected(words):
    """The object for one line of input, in the order that is promised."""
    number, time_ms, body_bytes, status = (int(word) for word in words[:4])
    rest = [bytes.fromhex(word[1:]) for word in words[4:]]
    peer, protocol, method, target, request_line, route, body, fault, refused = rest[:9]
    fields = rest[9:]
    time = EPOCH + datetime.timedelta(milliseconds=time_ms)
    out = {"n": number, "time": time.strftime(f"{time.year:04}-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03}Z", "peer": peer}
    if method:
        out.update(protocol=protocol, method=method, target=target)
    else:
        out.update(request=request_line)
    if route:
        out.update(route=route)
    out.update(headers=[list(pair) for pair in zip(fields[::2], fields[1::2])])
    truncated = body_bytes > len(body)
    try:
        out.update(body=body.decode("utf-8"))
    except UnicodeDecodeError as error:
        # Not the incremental decoder, which also holds back the first two bytes of a surrogate as if they had a future.
        if truncated and error.reason == "unexpected end of data":
            out.update(body=body[: error.start].decode("utf-8"))
        else:
            out.update(body_base64=base64.b64encode(body).decode())
    if truncated:
        out.update(body_truncated=True)
    out.update(body_bytes=body_bytes)
    if fault:
        out.update(status=0, fault=fault)
    elif refused:
        out.update(refused=status, reason=refused)
    else:
        out.update(status=status)
    return out


def to_bytes(value):
    """The bytes that a string outside of a body stands for."""
    return [to_bytes(each) for each in value] if isinstance(value, list) else value.encode("latin-1")


class CaptureLines(unittest.TestCase):
    def test_a_consumer_gets_back_what_the_client_sent(self):
        kinds = {}
        with subprocess.Popen([*WRITER, str(SEED), str(COUNT)], stdout=subprocess.PIPE) as writer:
            for words in writer.stdout:
                line = next(writer.stdout)
                say = f"TINYHTTPD_SEED={SEED}\n{line}\n"
                text = line.decode("utf-8")
                self.assertFalse(any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in text[:-1]), say)
                self.assertEqual(text.splitlines(), [text[:-1]], say + "one object is more than one line")
                found = json.loads(text, object_pairs_hook=unique)
                want = expected(words.decode().split())
                self.assertEqual(list(found), list(want), say)
                for name, value in want.items():
                    is_bytes = isinstance(value, (bytes, list))
                    self.assertEqual(to_bytes(found[name]) if is_bytes else found[name], value, say + name)
                for name in want:
                    kinds[name] = kinds.get(name, 0) + 1
        self.assertEqual(writer.returncode, 0)
        self.assertEqual(kinds.get("n"), COUNT)
        for name in ("request", "route", "body", "body_base64", "body_truncated", "fault", "refused"):
            self.assertGreater(kinds.get(name, 0), COUNT // 100, f"hardly any line has {name}")


unittest.main(argv=sys.argv[:1])
