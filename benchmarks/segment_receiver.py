"""Receiver of batches: responds to every POST with the success response of Segment.

`python segment_receiver.py [DELAY]` prints its port. It stores the raw bodies; `GET /count`
returns the number of their events, and deletes them. It does so little because it shares the
machine with the program that is measured.
"""

from __future__ import annotations

import asyncio
import gzip
import sys

ACCEPTED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n"
ACCEPTED += b'{"success":true}'


class Receiver:
    """Reads requests of any number of connections.

    Args:
        delay: Seconds before each answer.
    """

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._bodies: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests until it is closed."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                if head.startswith(b"get"):
                    writer.write(self._count())
                    continue
                length = int(head.partition(b"content-length:")[2].split(b"\r", 1)[0])
                self._bodies.append(await reader.readexactly(length))
                if self._delay:
                    await asyncio.sleep(self._delay)
                writer.write(ACCEPTED)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _count(self) -> bytes:
        events = 0
        for body in self._bodies:
            plain = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
            # With and without a blank behind the colon, and never within an event's text.
            events += plain.count(b'"messageId":')
        self._bodies.clear()
        text = b"%d" % events
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)


async def main() -> None:
    """Listen on a free port until the process is ended."""
    receiver = Receiver(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
