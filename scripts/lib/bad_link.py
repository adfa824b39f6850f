"""A TCP relay that can be made slow, late or broken: a bad network between two processes of this machine."""

import asyncio
import threading
import time


class BadLink:
    """Relays one port to another. `bytes_per_second` and `seconds_late` hold for each direction of each connection."""

    def __init__(self, target: int):
        self.target, self.port = target, 0
        self.bytes_per_second, self.seconds_late = float("inf"), 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        threading.Thread(target=self._run, args=(started,), daemon=True).start()
        started.wait()

    def heal(self) -> None:
        self.bytes_per_second, self.seconds_late = float("inf"), 0.0

    def cut(self) -> None:
        """Breaks all connections off. New ones are taken."""
        self._loop.call_soon_threadsafe(lambda: [writer.transport.abort() for writer in list(self._writers)])

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._writers |= both
        try:
            await asyncio.gather(self._relay(reader, far_writer), self._relay(far_reader, writer))
        except OSError:
            pass
        finally:
            self._writers -= both
            for one in both:
                one.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pieces go on in their order, each when it is due. What waits is bounded, so that senders feel the link."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

        async def send() -> None:
            while piece := await waiting.get():
                due, data = piece
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    raise ConnectionAbortedError
                writer.write(data)
                await writer.drain()
                await asyncio.sleep(len(data) / self.bytes_per_second)

        sending = asyncio.ensure_future(send())
        try:
            while not sending.done():
                data = await reader.read(4096)
                await waiting.put((time.monotonic() + self.seconds_late, data))
                if not data:
                    break
            await sending
        finally:
            sending.cancel()
