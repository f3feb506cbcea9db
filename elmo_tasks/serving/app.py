"""The page and the JSON API over HTTP."""

import asyncio
import json
from collections.abc import Collection, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

import elmo_tasks
from elmo_tasks.bilm import BiLM
from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.files import JSONError, parse_json
from elmo_tasks.mixes.mix import TrainedMix, names_of_layers
from elmo_tasks.serving.errors import BadInputError, RequestError, TooLongError, WrongHostError
from elmo_tasks.serving.served import ServedModel
from elmo_tasks.serving.service import Service
from elmo_tasks.vectors.neighbors import Occurrence

T = TypeVar("T")

PAGE = Path(__file__).parent / "page.html"

_HEADERS = {
    # The page loads nothing, and speaks to this server only.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_DESCRIPTION = """Trained models that use ELMo. `GET /api/models` says which there are and what each reads;
`POST /api/predict/MODEL` takes what a line of a file for `elmo-tasks predict` has in it, and answers what that
answers. Requests that wait are answered in batches, which changes no answer."""


class ModelDescription(BaseModel):
    """A model, and what the page needs to know to ask it and to draw its answers."""

    name: str
    predictor: str = Field(description="The predictor's class.")
    shape: str = Field(description="How the page draws the answers.")
    fields: list[str] = Field(description="The texts of an input; none where the input is typed as JSON.")
    hint: str
    examples: list[dict[str, Any]]
    mixes: list[dict[str, Any]] = Field(description="A place of use each: its layers' names and weights, and gamma.")
    layers: list[str] = Field(description="Those that neighbours can be found by; none where there are no neighbours.")


class Models(BaseModel):
    """What is served."""

    models: list[ModelDescription]
    corpus: str | None = Field(description="The file in which neighbours are found.")
    max_characters: int = Field(description="Of an input's texts together.")


class Token(BaseModel):
    """A token of a text, whose neighbours are asked for."""

    tokens: list[str]
    position: int = Field(description="Counted from 0.")
    layer: int | str = Field("mean", description='A layer\'s number, 0 for the token layer; "last"; or "mean".')
    same_word: bool = Field(False, description="Whether only the same word counts, upper or lower case.")
    k: int = Field(10, ge=1, le=100)


class NeighborAnswer(BaseModel):
    """An occurrence in the corpus."""

    cosine: float
    line: int = Field(description="Of the corpus, counted from 1.")
    tokens: list[str]
    position: int


class Neighbors(BaseModel):
    """The nearest occurrences, the nearest first."""

    neighbors: list[NeighborAnswer]


class Error(BaseModel):
    """What a request is answered that gets no answer."""

    error: str = Field(description="Its name, for programs.")
    message: str = Field(description="For people.")


_ERRORS: dict[int | str, dict[str, Any]] = {
    404: {"model": Error, "description": "unknown_model, no_neighbors"},
    413: {"model": Error, "description": "too_long"},
    421: {"model": Error, "description": "wrong_host"},
    422: {"model": Error, "description": "bad_input"},
    429: {"model": Error, "description": "too_many_requests: try again later"},
    503: {"model": Error, "description": "shutting_down"},
}


class _Json(JSONResponse):
    def render(self, content: Any) -> bytes:
        # As ASCII: a text may have half of a surrogate pair, which UTF-8 cannot hold.
        return json.dumps(content, allow_nan=False).encode("ascii")


def make_app(service: Service, hosts: Collection[str] = ()) -> FastAPI:
    """
    # Parameters

    service : `Service`
        Answers what comes in.
    hosts : `Collection[str]`
        What the server may be called in a request, so that no page of the web can ask it under a name of its own that
        leads here (DNS rebinding). Anything, if empty.

    # Returns

    `FastAPI`
        An ASGI app: the page at `/`, the API below `/api/`, its description at `/docs` and `/openapi.json`.
    """

    async def check_host(request: Request) -> None:
        if hosts and request.url.hostname not in hosts:
            raise WrongHostError(f"This server is called {' or '.join(sorted(hosts))}.")

    app: FastAPI = FastAPIOffline(
        title="elmo-serve",
        version=elmo_tasks.__version__,
        description=_DESCRIPTION,
        redoc_url=None,
        dependencies=[Depends(check_host)],
    )
    limit = service.limits.bytes

    # HEAD too: those who watch over servers ask with it whether they are up.
    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(PAGE.read_bytes(), headers=_HEADERS)

    @app.get("/api/models", response_model=Models)
    async def models() -> Response:
        """Which models there are, what each reads, and how its places of use mix the layers."""
        described = [_described(model, model.name in service.indices) for model in service.models.values()]
        corpus = service.corpus.name if service.corpus is not None else None
        return _Json({"models": described, "corpus": corpus, "max_characters": service.limits.characters})

    @app.post("/api/predict/{model:path}", responses=_ERRORS, openapi_extra=_body({"type": "object"}))
    async def predict(model: str, request: Request) -> Response:
        """What the model's predictor says of one input. The task's page of the documentation has both forms."""
        inputs = await _read_object(request, limit)
        return _Json(await _while_connected(request, service.answer(model, inputs)))

    @app.post(
        "/api/neighbors/{model:path}",
        responses=_ERRORS,
        response_model=Neighbors,
        openapi_extra=_body(Token.model_json_schema()),
    )
    async def neighbors(model: str, request: Request) -> Response:
        """The occurrences of words in the corpus that are nearest to a token, by a layer of the model's biLM."""
        try:
            token = Token.model_validate(await _read_object(request, limit))
        except ValidationError as error:
            raise BadInputError(_told(error)) from None
        query = Occurrence(token.tokens, token.position)
        asked = service.neighbors(model, query, token.k, token.layer, token.same_word)
        found = await _while_connected(request, asked)
        return _Json(
            {"neighbors": [{"cosine": near.cosine, "line": near.line, **near.occurrence._asdict()} for near in found]}
        )

    _add_error_handlers(app)
    return app


def _add_error_handlers(app: FastAPI) -> None:
    """Has every error answered in JSON, by its name and a message."""

    @app.exception_handler(RequestError)
    async def told(request: Request, error: RequestError) -> Response:
        again = {"Retry-After": "1"} if error.status == 429 else None
        return _error(error.status, error.name, str(error), again)

    @app.exception_handler(HTTPException)
    async def not_there(request: Request, error: HTTPException) -> Response:
        return _error(error.status_code, error.detail.lower().replace(" ", "_"), f"{request.url.path}: {error.detail}.")

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        # Nobody reads it.
        return Response(status_code=499)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return _error(500, RequestError.name, "The server failed; its log has more.")


def _error(status: int, name: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return _Json({"error": name, "message": message}, status, headers)


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    """How OpenAPI says that a request has JSON in it."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


async def _read_object(request: Request, limit: int) -> dict[str, Any]:
    """The JSON object in a request, of which no more is read than so many bytes."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > limit:
            raise TooLongError(f"The request has more than {limit} bytes.")
    try:
        value = parse_json(bytes(content))
    except JSONError as error:
        raise BadInputError(f"The request is {error}.") from None
    if not isinstance(value, dict):
        raise BadInputError("The request must be a JSON object.")
    return value


async def _while_connected(request: Request, answer: Coroutine[Any, Any, T]) -> T:
    """The answer. Once who asked has gone it is not waited for, and what has not begun of it never is."""

    async def has_gone() -> None:
        # The body has been read.
        while (await request.receive())["type"] != "http.disconnect":
            pass

    asked, gone = asyncio.create_task(answer), asyncio.create_task(has_gone())
    await asyncio.wait([asked, gone], return_when=asyncio.FIRST_COMPLETED)
    gone.cancel()
    if not asked.done():
        asked.cancel()
        raise ClientDisconnect
    return asked.result()


def _told(error: ValidationError) -> str:
    first = error.errors()[0]
    return f'"{".".join(map(str, first["loc"]))}": {first["msg"]}.'


def _described(model: ServedModel, has_index: bool) -> dict[str, Any]:
    return {
        "name": model.name,
        "predictor": type(model.predictor).__name__,
        **model.drawing._asdict(),
        "examples": model.examples,
        "mixes": [_mix(mix) for mix in model.mixes],
        "layers": _layers(model.bilm) if model.bilm is not None and has_index else [],
    }


def _layers(bilm: LayerSource) -> list[str]:
    first = "token layer" if isinstance(bilm, BiLM) else "layer 0"
    return [first, *(f"layer {number}" for number in range(1, bilm.num_layers)), "mean"]


def _mix(mix: TrainedMix) -> dict[str, Any]:
    layers = [
        {"name": name, "weight": weight} for name, weight in zip(names_of_layers([mix]), mix.weights or [], strict=True)
    ]
    return {"place": mix.place, "layers": layers, "gamma": mix.gamma, "note": mix.note}
