import asyncio
import json
import re
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

import httpx
import pytest

from elmo_tasks.bilm import BiLM
from elmo_tasks.mixes import TrainedMix
from elmo_tasks.serving.app import PAGE, make_app
from elmo_tasks.serving.drawings import DRAWINGS
from elmo_tasks.serving.errors import BadInputError
from elmo_tasks.serving.served import ServedModel
from elmo_tasks.serving.service import DEFAULT_LIMITS, Limits, Service
from elmo_tasks.vectors.dump.text import Sentence
from elmo_tasks.vectors.neighbors import CORPUS, CorpusIndex

from .conftest import Canned

LINES = ["The cat saw the dog .", "A dog slept", "They saw a play ."]


def echo(given: dict[str, Any]) -> dict[str, Any]:
    return {"given": given}


def talk(service: Service, steps: Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]], raises: bool = True) -> Any:
    """What `steps` gives, of which each takes a client."""

    async def run() -> Any:
        transport = httpx.ASGITransport(make_app(service), raise_app_exceptions=raises)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await steps(client)

    try:
        return asyncio.run(run())
    finally:
        service.finish()


def post(
    path: str, content: Any, models: Sequence[ServedModel] = (), limits: Limits = DEFAULT_LIMITS, raises: bool = True
) -> httpx.Response:
    """The response to one request."""

    async def step(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(path, content=content)

    response: httpx.Response = talk(Service(models or [Canned("echo", echo)], limits), step, raises)
    return response


def told(response: httpx.Response) -> tuple[int, str, str]:
    answer = response.json()
    assert set(answer) == {"error", "message"}
    return response.status_code, answer["error"], answer["message"]


def test_an_answer_is_the_predictors() -> None:
    given = {"sentence": "Ada 🐱 \u200b \u0130stanbul"}
    response = post("/api/predict/echo", json.dumps(given))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"given": given}


def test_half_of_a_surrogate_pair_is_answered() -> None:
    assert post("/api/predict/echo", '{"sentence": "\\ud83d"}').json() == {"given": {"sentence": "\ud83d"}}


def test_a_name_with_slashes() -> None:
    models = [Canned("runs/a b/ner", echo), Canned("runs", echo)]
    assert post("/api/predict/runs/a%20b/ner", "{}", models).json() == {"given": {}}
    assert models[0].batches == [[{}]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Ada", "not JSON: Expecting value, at column 1"),
        ("", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        ("[1]", "must be a JSON object"),
        ('"text"', "must be a JSON object"),
        ("[" * 5000 + "]" * 5000, "more than 200 objects and lists in each other"),
    ],
)
def test_what_is_no_object_is_said(content: Any, message: str) -> None:
    status, name, said = told(post("/api/predict/echo", content))
    assert (status, name) == (422, "bad_input")
    assert message in said


def test_what_the_predictor_does_not_read_is_said() -> None:
    def refuse(given: Any) -> Any:
        return BadInputError('The input must be an object with "sentence".')

    assert told(post("/api/predict/m", "{}", [Canned("m", refuse)])) == (
        422,
        "bad_input",
        'The input must be an object with "sentence".',
    )


def test_a_fault_is_told_as_one() -> None:
    def fail(given: Any) -> Any:
        raise ZeroDivisionError

    status, name, said = told(post("/api/predict/m", "{}", [Canned("m", fail)], raises=False))
    assert (status, name) == (500, "internal_error")
    assert "log" in said


def test_a_model_that_is_not_there() -> None:
    for path in ("/api/predict/other", "/api/neighbors/other"):
        content = '{"tokens": ["a"], "position": 0}'
        assert told(post(path, content)) == (404, "unknown_model", 'There is no model "other"; there are: echo.')
    assert told(post("/api/nothing", "{}"))[:2] == (404, "not_found")
    assert told(post("/api/models", "{}"))[:2] == (405, "method_not_allowed")


def test_a_text_that_is_too_long() -> None:
    models, limits = [Canned("m", echo)], Limits(characters=20)
    for given in (
        {"sentence": "x" * 21},
        {"premise": "x" * 15, "hypothesis": "y" * 6},
        {"tokens": ["x"] * 21},
        {"tokens": [""] * 21},
        {"predicates": [0] * 21},
    ):
        status, name, said = told(post("/api/predict/m", json.dumps(given), models, limits))
        assert (status, name) == (413, "too_long")
        assert said == "The input has 21 characters; 20 are allowed."
    assert not models[0].batches
    # Twenty are not too many, whatever they are written with.
    assert post("/api/predict/m", json.dumps({"sentence": "🐱" * 20}), models, limits).status_code == 200


def test_of_a_request_that_is_too_long_no_more_is_read() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1000
            yield b"x" * 1000

    status, name, said = told(post("/api/predict/echo", endless(), limits=Limits(characters=100)))
    assert (status, name, said) == (413, "too_long", "The request has more than 11200 bytes.")
    assert sent == 12_000


class Waiting:
    """An answer that comes when it may."""

    def __init__(self) -> None:
        self.begun, self.may_go_on = threading.Event(), threading.Event()

    def __call__(self, given: dict[str, Any]) -> dict[str, Any]:
        self.begun.set()
        assert self.may_go_on.wait(30)
        return {"given": given}

    async def until_begun(self) -> None:
        assert await asyncio.get_running_loop().run_in_executor(None, self.begun.wait, 30)


def test_several_requests_at_once_are_answered_in_batches() -> None:
    waiting = Waiting()
    model, other = Canned("slow", waiting), Canned("other", echo)

    async def steps(client: httpx.AsyncClient) -> list[httpx.Response]:
        asked = [asyncio.create_task(client.post("/api/predict/slow", json={"number": 0}))]
        await waiting.until_begun()
        asked += [asyncio.create_task(client.post("/api/predict/slow", json={"number": n})) for n in range(1, 7)]
        asked.append(asyncio.create_task(client.post("/api/predict/other", json={"number": 7})))
        await asyncio.sleep(0.1)
        # The page is there meanwhile.
        assert (await client.get("/api/models")).status_code == 200
        waiting.may_go_on.set()
        return await asyncio.gather(*asked)

    responses = talk(Service([model, other], Limits(batch_size=4)), steps)
    assert [response.json()["given"]["number"] for response in responses] == list(range(8))
    assert [len(batch) for batch in model.batches] == [1, 4, 2]


def test_more_requests_than_may_wait_are_turned_away() -> None:
    waiting = Waiting()

    async def steps(client: httpx.AsyncClient) -> tuple[httpx.Response, list[httpx.Response]]:
        asked = [asyncio.create_task(client.post("/api/predict/slow", json={})) for _ in range(3)]
        await waiting.until_begun()
        await asyncio.sleep(0.1)
        refused = await client.post("/api/predict/slow", json={})
        waiting.may_go_on.set()
        answered = await asyncio.gather(*asked)
        # There is room again.
        return refused, [*answered, await client.post("/api/predict/slow", json={})]

    refused, answered = talk(Service([Canned("slow", waiting)], Limits(requests=3)), steps)
    assert told(refused)[:2] == (429, "too_many_requests")
    assert refused.headers["retry-after"] == "1"
    assert [response.status_code for response in answered] == [200] * 4


def test_at_the_end_what_has_begun_is_answered_and_the_rest_is_turned_away() -> None:
    waiting = Waiting()
    service = Service([Canned("slow", waiting)], Limits(batch_size=1))

    async def steps(client: httpx.AsyncClient) -> list[httpx.Response]:
        asked = [asyncio.create_task(client.post("/api/predict/slow", json={}))]
        await waiting.until_begun()
        asked.append(asyncio.create_task(client.post("/api/predict/slow", json={})))
        await asyncio.sleep(0.1)
        service.close()
        late = await client.post("/api/predict/slow", json={})
        waiting.may_go_on.set()
        return [*await asyncio.gather(*asked), late]

    begun, queued, late = talk(service, steps)
    assert begun.status_code == 200
    assert told(queued)[:2] == told(late)[:2] == (503, "shutting_down")


# Neighbours


def with_index(bilm: BiLM) -> Service:
    sentences = [Sentence(number, line, line.split()) for number, line in enumerate(LINES)]
    models = [Canned("elmo", echo, bilm=bilm), Canned("baseline", echo)]
    return Service(models, Limits(characters=50), CORPUS, {"elmo": CorpusIndex(bilm, sentences)})


def test_neighbours(make_bilm: Callable[..., BiLM]) -> None:
    async def steps(client: httpx.AsyncClient) -> list[httpx.Response]:
        token = {"tokens": ["see", "the", "Dog"], "position": 2, "same_word": True, "k": 2}
        return [
            await client.post("/api/neighbors/elmo", json={**token, **more})
            for more in ({}, {"layer": "last"}, {"layer": 0})
        ]

    mean, last, first = (response.json()["neighbors"] for response in talk(with_index(make_bilm()), steps))
    for found in (mean, last, first):
        assert {(near["line"], near["position"]) for near in found} == {(1, 4), (2, 1)}
        assert all(near["tokens"] == LINES[near["line"] - 1].split() for near in found)
        assert found[0]["cosine"] >= found[1]["cosine"]
    # The token layer knows no context.
    assert first[0]["cosine"] == pytest.approx(first[1]["cosine"], abs=1e-5)
    assert len({mean[0]["cosine"], last[0]["cosine"], first[0]["cosine"]}) == 3


@pytest.mark.parametrize(
    ("changes", "status", "name", "message"),
    [
        ({"position": 3}, 422, "bad_input", "a position among them"),
        ({"position": -1}, 422, "bad_input", "a position among them"),
        ({"tokens": []}, 422, "bad_input", "There must be tokens"),
        ({"tokens": ["a", "", "b"]}, 422, "bad_input", "none of them empty"),
        ({"tokens": "a b"}, 422, "bad_input", '"tokens": Input should be a valid list'),
        ({"tokens": [1, 2, 3]}, 422, "bad_input", '"tokens.0"'),
        ({"layer": 3}, 422, "bad_input", 'There is no layer "3"'),
        ({"layer": "top"}, 422, "bad_input", 'There is no layer "top"'),
        ({"k": 0}, 422, "bad_input", '"k"'),
        ({"k": 10**9}, 422, "bad_input", '"k"'),
        ({"tokens": ["x"] * 51}, 413, "too_long", "51 characters"),
    ],
)
def test_neighbours_that_cannot_be_had(
    changes: dict[str, Any], status: int, name: str, message: str, make_bilm: Callable[..., BiLM]
) -> None:
    async def step(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/api/neighbors/elmo", json={"tokens": ["a", "b", "c"], "position": 1, **changes})

    found = told(talk(with_index(make_bilm()), step))
    assert found[:2] == (status, name)
    assert message in found[2]


def test_neighbours_by_a_model_without_elmo(make_bilm: Callable[..., BiLM]) -> None:
    async def step(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/api/neighbors/baseline", json={"tokens": ["a"], "position": 0})

    assert told(talk(with_index(make_bilm()), step))[:2] == (404, "no_neighbors")


# What there is


def test_the_models_are_described(make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm()
    mixes = [
        TrainedMix("input", "elmo.input", [0.2, 0.5, 0.3], 0.7, None, True),
        TrainedMix("output", "elmo.output", None, 1.5, "last", True),
    ]
    ner = Canned("ner", echo, DRAWINGS["elmo_tagger"], [{"sentence": "Ada"}], mixes, bilm)
    service = Service([ner, Canned("other", echo)], Limits(77), CORPUS, {"ner": CorpusIndex(bilm, [])})

    async def step(client: httpx.AsyncClient) -> Any:
        return (await client.get("/api/models")).json()

    answer = talk(service, step)
    assert (answer["corpus"], answer["max_characters"]) == ("sentences.txt", 77)
    first, other = answer["models"]
    assert first["name"] == "ner"
    assert (first["shape"], first["fields"], first["examples"]) == ("tags", ["sentence"], [{"sentence": "Ada"}])
    assert first["layers"] == ["token layer", "layer 1", "layer 2", "mean"]
    assert first["mixes"] == [
        {
            "place": "input",
            "layers": [
                {"name": "token layer", "weight": 0.2},
                {"name": "biLSTM layer 1", "weight": 0.5},
                {"name": "biLSTM layer 2", "weight": 0.3},
            ],
            "gamma": 0.7,
            "note": "",
        },
        {"place": "output", "layers": [], "gamma": 1.5, "note": "last layer only, fixed"},
    ]
    assert (other["shape"], other["fields"], other["mixes"], other["layers"]) == ("json", [], [], [])


def test_openapi_has_every_address_and_error() -> None:
    async def step(client: httpx.AsyncClient) -> Any:
        return (await client.get("/openapi.json")).json()

    described = talk(Service([Canned("m", echo)]), step)
    assert set(described["paths"]) == {"/api/models", "/api/predict/{model}", "/api/neighbors/{model}"}
    for path in ("/api/predict/{model}", "/api/neighbors/{model}"):
        asked = described["paths"][path]["post"]
        assert {"200", "404", "413", "422", "429", "503"} <= set(asked["responses"])
        assert "application/json" in asked["requestBody"]["content"]


def test_whether_it_is_up_can_be_asked_without_the_page() -> None:
    async def steps(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [await client.head("/"), await client.get("/")]

    head, page = talk(Service([Canned("m", echo)]), steps)
    assert (head.status_code, head.headers["content-type"]) == (200, page.headers["content-type"])


def test_nothing_comes_from_the_network() -> None:
    async def steps(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [await client.get(path) for path in ("/", "/docs")]

    page, docs = talk(Service([Canned("m", echo)]), steps)
    assert page.text == PAGE.read_text(encoding="utf-8")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "connect-src 'self';" in policy
    for response in (page, docs):
        assert response.status_code == 200
        loaded = re.findall(r"""(?:src|href)=["']([^"']*)""", response.text)
        assert loaded
        assert all(re.match(r"/|#|data:|docs$", address) for address in loaded), loaded
        assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", response.text)
