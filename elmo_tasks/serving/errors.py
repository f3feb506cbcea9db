"""What a request is told in an answer's place: a name for programs, an HTTP status, and a sentence for people."""

from typing import ClassVar


class ServingError(ValueError):
    """The models that are to be served cannot be, or not so."""


class RequestError(Exception):
    """A request that gets no answer. Its message is the sentence for people."""

    name: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500


class UnknownModelError(RequestError):
    """No model has this name."""

    name, status = "unknown_model", 404


class NoNeighborsError(RequestError):
    """The model has no biLM whose vectors could be compared."""

    name, status = "no_neighbors", 404


class BadInputError(RequestError):
    """The input is not what the model's predictor reads."""

    name, status = "bad_input", 422


class WrongHostError(RequestError):
    """The server is asked under a name that is not its own."""

    name, status = "wrong_host", 421


class TooLongError(RequestError):
    """The input has more characters than are allowed."""

    name, status = "too_long", 413


class TooManyRequestsError(RequestError):
    """As many requests as are allowed are waiting for their answers."""

    name, status = "too_many_requests", 429


class ShuttingDownError(RequestError):
    """The server is ending, and begins nothing new."""

    name, status = "shutting_down", 503
