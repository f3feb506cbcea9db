import logging
import os
import signal
import socket
import threading
from typing import Any

import httpx
import pytest

from elmo_tasks.serving.errors import ServingError
from elmo_tasks.serving.server import Server, address, listen, own_names
from elmo_tasks.serving.service import Service

from .conftest import Canned, running


def test_a_free_port() -> None:
    with listen("127.0.0.1", 0) as one, listen("127.0.0.1", 0) as other:
        assert address(one) != address(other)
        assert address(one).startswith("http://127.0.0.1:")


def test_ip_version_6() -> None:
    try:
        listening = listen("::1", 0)
    except ServingError:
        pytest.skip("this machine has no IPv6")
    with listening:
        assert address(listening).startswith("http://[::1]:")


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", None), ("192.0.2.1", 0), ("127.0.0.1", 70_000)])
def test_an_address_that_cannot_be_had(host: str, port: int | None) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1] if port is None else port
        with pytest.raises(ServingError, match=rf"^{host}, port {port}: .*[^.)]\. Give another --port, 0 for"):
            listen(host, port)


def test_it_answers_over_the_network() -> None:
    with running(Service([Canned("m", lambda given: {"given": given})])) as where:
        assert httpx.post(f"{where}/api/predict/m", json={"sentence": "İ"}).json() == {"given": {"sentence": "İ"}}
        assert httpx.get(where).text.startswith("<!doctype html>")
    with pytest.raises(httpx.ConnectError):
        httpx.get(where)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_well_with_what_has_begun_answered(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is waited for otherwise is no bound for an answer.
    monkeypatch.setattr("elmo_tasks.serving.server._GRACE", 0.3)
    begun, answers = threading.Event(), []

    def answer(given: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        # Until the signal has come.
        assert signalled.wait(30)
        return {"given": given}

    def ask(where: str) -> None:
        answers.append(httpx.post(f"{where}/api/predict/m", json={}, timeout=60))

    def end() -> None:
        assert begun.wait(30)
        os.kill(os.getpid(), number)
        threading.Timer(1, signalled.set).start()

    signalled = threading.Event()
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    with listen("127.0.0.1", 0) as listening:
        threads = [threading.Thread(target=ask, args=[address(listening)]), threading.Thread(target=end)]
        server = Server(Service([Canned("m", answer)]), lambda: [thread.start() for thread in threads])
        server.serve_on(listening)
        for thread in threads:
            thread.join(30)
    assert [response.json() for response in answers] == [{"given": {}}]
    assert {one: signal.getsignal(one) for one in before} == before


def test_who_goes_before_the_answer_costs_the_others_nothing(caplog: pytest.LogCaptureFixture) -> None:
    begun, may_go_on, answered = threading.Event(), threading.Event(), []

    def answer(given: dict[str, Any]) -> dict[str, Any]:
        answered.append(given["number"])
        begun.set()
        assert may_go_on.wait(30)
        return given

    def asks(address: tuple[str, int], number: int, sent: int = 13) -> socket.socket:
        asking = socket.create_connection(address)
        content = b'{"number": %d}' % number
        asking.sendall(
            b"POST /api/predict/m HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n" + content[:sent]
        )
        return asking

    service = Service([Canned("m", answer)])
    with running(service) as where:
        host, _, port = where.removeprefix("http://").partition(":")
        first = asks((host, int(port)), 1)
        assert begun.wait(30)
        for gone in (asks((host, int(port)), 2), asks((host, int(port)), 3, sent=5)):
            # Its request has arrived.
            assert httpx.get(f"{where}/api/models").status_code == 200
            gone.close()
        while service._in_flight > 1:
            assert httpx.get(f"{where}/api/models").status_code == 200
        may_go_on.set()
        assert httpx.post(f"{where}/api/predict/m", json={"number": 4}).json() == {"number": 4}
        assert first.recv(1000).endswith(b'{"number": 1}')
        first.close()
    assert answered == [1, 4]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_what_is_not_asked_to_the_end_does_not_hold_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elmo_tasks.serving.server._GRACE", 1)
    with running(Service([Canned("m", dict)])) as where:
        host, _, port = where.removeprefix("http://").partition(":")
        slow = socket.create_connection((host, int(port)))
        slow.sendall(b"POST /api/predict/m HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        assert httpx.get(f"{where}/api/models").status_code == 200
    slow.close()


def test_a_server_for_its_own_machine_is_asked_by_its_own_names_only() -> None:
    """A page of the web cannot ask it under a name of its own that leads here."""
    with running(Service([Canned("m", lambda given: given)])) as where:
        port = where.rpartition(":")[2]
        for host, status in {f"127.0.0.1:{port}": 200, f"localhost:{port}": 200, "evil.example": 421}.items():
            response = httpx.get(f"{where}/api/models", headers={"Host": host})
            assert response.status_code == status
    assert response.json() == {"error": "wrong_host", "message": "This server is called 127.0.0.1 or localhost."}


@pytest.mark.parametrize(("host", "names"), [("127.0.0.1", {"localhost", "127.0.0.1"}), ("0.0.0.0", set())])
def test_own_names(host: str, names: set[str]) -> None:
    with listen(host, 0) as listening:
        assert own_names(listening) == names
