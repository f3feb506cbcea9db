"""Running the app until a signal ends it."""

import asyncio
import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from elmo_tasks.serving.app import make_app
from elmo_tasks.serving.errors import ServingError
from elmo_tasks.serving.service import Service

_GRACE = 10
"""Seconds that requests which are not all there yet, and answers to be fetched, are waited for at the end."""


def listen(host: str, port: int) -> socket.socket:
    """
    A socket that takes connections, so that a port which is taken is known before any model is read.

    # Parameters

    host : `str`
    port : `int`
        0 for any that is free.

    # Raises

    `ServingError`
        If the address is not this machine's, or is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        # Behind the reason the address may be said once more.
        reason = reason.partition(" (while attempting")[0].rstrip(".")
        raise ServingError(
            f"{host}, port {port}: {reason}. Give another --port, 0 for any that is free, or another --host."
        ) from None


def address(listening: socket.socket) -> str:
    """Where a browser finds it."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def own_names(listening: socket.socket) -> set[str]:
    """What a server that only its own machine can reach is called; empty for one that others reach too."""
    host = listening.getsockname()[0]
    return {"localhost", host} if ipaddress.ip_address(host).is_loopback else set()


class Server(uvicorn.Server):
    """
    uvicorn's, which ends well on SIGINT and SIGTERM: it answers what is being answered, however long that takes, and
    turns away the rest. A second SIGINT ends it at once.

    # Parameters

    service : `Service`
    started : `Callable[[], object]`
        Is called once requests are answered.
    hosts : `Collection[str]`
        See `make_app`.
    """

    def __init__(
        self, service: Service, started: Callable[[], object] = lambda: None, hosts: Collection[str] = ()
    ) -> None:
        super().__init__(
            # No handlers of its own, and so our logging; what it logs of each request nobody reads.
            uvicorn.Config(
                make_app(service, hosts),
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self._service = service
        self._started = started

    def serve_on(self, listening: socket.socket) -> None:
        """Answers requests until a signal, or `should_exit`, ends that."""
        try:
            self.run([listening])
        finally:
            self._service.finish()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn's; then it is known that all is well."""
        await super().startup(sockets)
        self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn's, whose bound on the time begins when all answers are there: it would cut them off."""
        self._service.close()
        for server in self.servers:
            # No new connections.
            server.close()
        while self._service.is_answering and not self.force_exit:
            await asyncio.sleep(0.1)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """In place of uvicorn's, which raises the signal again at the end, and so ends by it and not well."""
        if threading.current_thread() is not threading.main_thread():
            # Only there can signals be handled.
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begins the end."""
        self._service.close()
        super().handle_exit(sig, frame)
