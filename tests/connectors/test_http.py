"""The one maker of HTTP clients: time-outs, no redirects, and errors that say whether the call may have happened."""

import socket

import httpx
import pytest
import respx

from leadhub.connectors import http
from leadhub.errors import AccessDenied, FatalError, Unavailable, UnknownOutcome

URL = "https://crm.example"


@respx.mock
def test_the_token_is_sent_and_a_redirect_is_not_followed() -> None:
    """The bearer token goes to the system itself and to nobody it points at."""
    route = respx.get(f"{URL}/a").mock(httpx.Response(302, headers={"Location": "https://elsewhere.example/"}))
    with http.client(URL, token="t0ken", headers={"X-More": "1"}) as client:
        answer = client.get("/a")
    assert answer.status_code == 302
    sent = route.calls.last.request.headers
    assert (sent["authorization"], sent["x-more"], sent["user-agent"]) == ("Bearer t0ken", "1", "leadhub")


@respx.mock
def test_no_token_no_header() -> None:
    """Without a token there is no Authorization header."""
    route = respx.get(f"{URL}/a").mock(httpx.Response(200))
    with http.client(URL) as client:
        client.get("/a")
    assert "authorization" not in route.calls.last.request.headers


@respx.mock
@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_what_never_left_may_be_sent_again(error: type[httpx.TransportError]) -> None:
    """No connection: the call had no effect."""
    respx.post(f"{URL}/a").mock(side_effect=error("boom"))
    with http.client(URL) as client, pytest.raises(Unavailable, match=r"crm\.example cannot be reached: boom"):
        client.post("/a")


@respx.mock
@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError, httpx.CloseError]
)
def test_what_left_without_an_answer_is_unknown(error: type[httpx.TransportError]) -> None:
    """The call may have happened: it is named without its query, and its outcome is unknown."""
    respx.post(f"{URL}/a").mock(side_effect=error(""))
    with http.client(URL, token="t0ken") as client, pytest.raises(UnknownOutcome) as caught:
        client.post("/a?secret=1")
    assert str(caught.value) == f"POST crm.example/a: no answer ({error.__name__})."


@pytest.mark.parametrize("token", ["pat-s3cret\n", "pat-s3cr\u00e9t", "pat-\u20ac-s3cr"], ids=["line end", "latin", "beyond latin"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_repeated(token: str) -> None:
    """It is said before any call, in words that hold nothing of the token."""
    with pytest.raises(AccessDenied, match=r"crm\.example") as caught:
        http.client(URL, token=token)
    assert "s3cr" not in f"{caught.value}{caught.value.next_step}{caught.value.__cause__}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_call_that_cannot_be_made_was_not_made() -> None:
    """A header that the protocol forbids: nothing was sent, so the outcome is known, and the header is not repeated."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        http.client(f"http://127.0.0.1:{server.getsockname()[1]}") as client,
        pytest.raises(FatalError, match=r"POST 127\.0\.0\.1/a") as caught,
    ):
        client.post("/a", headers={"X-Secret": "s3cret\n"})
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_every_call_has_a_time_out() -> None:
    """No call waits for ever."""
    with http.client(URL) as client:
        timeout = client.timeout
    assert None not in (timeout.connect, timeout.read, timeout.write, timeout.pool)
