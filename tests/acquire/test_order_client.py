"""The client of HyP3's API: the SDK's calls over our own session, pages, credentials to the API and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standins.hyp3_api import TOKEN, Hyp3, granules
from standins.loopback import Answer, Request, Stand

from insarcast.acquire.order.service.account import Account
from insarcast.acquire.order.service.client import Service, connect
from insarcast.acquire.web import retry
from insarcast.acquire.web.errors import ServiceError
from insarcast.acquire.web.settings import WebSettings
from insarcast.core import InsarcastError

QUICK = WebSettings(attempts=3, timeout=60.0, longest_wait=0.05)
IMPATIENT = WebSettings(attempts=6, timeout=0.7, longest_wait=0.05)  # where time-outs are what is tested


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "BACK_OFF", 0.01)
    monkeypatch.setattr("insarcast.acquire.order.service.client._PATIENCE", 0.0)
    monkeypatch.setenv("EARTHDATA_TOKEN", TOKEN)


@pytest.fixture
def stand() -> Iterator[Hyp3]:
    with Hyp3(page=3) as stand:
        yield stand


@pytest.fixture
def service(stand: Hyp3) -> Service:
    return connect(stand.base + "/", stand.base, QUICK)


def job(number: int, name: str = "p") -> dict[str, object]:
    first, second = (f"2021{1 + k // 28:02d}{1 + k % 28:02d}" for k in (number, number + 12))
    parameters = {"reference": granules(first), "secondary": granules(second)}
    return {"job_type": "INSAR_ISCE_MULTI_BURST", "job_parameters": parameters, "name": name}


def test_the_service_is_spoken_to_through_our_session_only(stand: Hyp3, service: Service) -> None:
    """The SDK would log in at a fixed address first; ours asks only the service, with the token and our own name."""
    assert service.credits() == 1000.0
    (sent,) = service.send([job(0)])
    assert service.job(sent.job_id).name == "p"
    assert [request.path for request in stand.seen] == ["/user", "/jobs", f"/jobs/{sent.job_id}"]
    assert {request.headers["Authorization"] for request in stand.seen} == {f"Bearer {TOKEN}"}
    assert all(request.headers["User-Agent"].startswith("insarcast/") for request in stand.seen)
    assert service.prices().source == "asked"


def test_all_pages_of_a_list(stand: Hyp3, service: Service) -> None:
    """Pages are cut before they are filtered, so some are empty; the service's own name of itself is not asked, for it gets no token."""
    for number in range(11):
        service.send([job(number, "ours" if number in (0, 1, 10) else "theirs")])
    asked = len(stand.seen)
    assert len(service.jobs(name="ours")) == 3
    pages = stand.seen[asked:]
    assert len(pages) == 4
    assert [request.query["name"] for request in pages] == [["ours"]] * 4
    assert len(service.jobs()) == 11
    assert service.jobs(start=datetime.now(UTC) + timedelta(hours=1)) == []
    assert service.jobs(name="nobody") == []
    stand.faults["GET /jobs"] = ["empty_next"]
    assert len(service.jobs(name="ours")) == 3


def test_a_list_without_end_ends(stand: Hyp3, service: Service) -> None:
    stand.faults["GET /jobs"] = ["empty_next"] * 5
    with pytest.raises(ServiceError, match="leads from page to page without end"):
        service.jobs()
    assert len(stand.seen) == 2


def test_empty_pages_that_never_repeat_end_too(service: Service, stand: Hyp3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("insarcast.acquire.order.service.client._MOST_EMPTY", 20)
    stand.faults["GET /jobs"] = [Answer.of_json({"jobs": [], "next": f"/jobs?start_token={k}"}) for k in range(50)]
    with pytest.raises(ServiceError, match="without end"):
        service.jobs()
    assert len(stand.seen) == 21


@pytest.mark.parametrize("fault", ["429", "503html", "500", "reset", "truncate", "cut", "short", "stall"])
def test_questions_are_asked_again(stand: Hyp3, service: Service, fault: str) -> None:
    service.send([job(0)])
    stand.faults["GET /jobs"] = [fault]
    stalls = fault == "stall"
    assert len((connect(stand.base, stand.base, IMPATIENT) if stalls else service).jobs()) == 1
    asked = len(stand.asked("/jobs"))
    assert asked == 3 or (stalls and asked > 3)  # more where the machine is slow for a moment


@pytest.mark.parametrize("fault", ["429", "503html", "500", "reset", "truncate", "cut", "stall"])
def test_orders_are_asked_once(stand: Hyp3, service: Service, fault: str) -> None:
    stand.faults["POST /jobs"] = [fault]
    with pytest.raises(ServiceError) as caught:
        (connect(stand.base, stand.base, IMPATIENT) if fault == "stall" else service).send([job(0)])
    assert caught.value.passing
    assert len(stand.seen) == 1


def test_an_account_of_which_the_service_cannot_tell(stand: Hyp3, service: Service) -> None:
    """With very many jobs ``GET /user`` takes longer than the gateway waits; orders go on without it."""
    stand.faults["/user"] = ["504"] * QUICK.attempts + ["401"]
    assert service.account() == Account(None, known=False)
    assert service.credits() is None
    assert len(stand.asked("/user")) == QUICK.attempts
    assert len(service.send([job(0)])) == 1


def test_an_order_is_waited_for_however_impatient_the_study(stand: Hyp3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("insarcast.acquire.order.service.client._PATIENCE", 120.0)
    stand.slow_orders = 1.0
    assert len(connect(stand.base, stand.base, WebSettings(attempts=1, timeout=0.3)).send([job(0)])) == 1
    assert len(stand.seen) == 1


@pytest.mark.parametrize("body", [b'{"jobs": [{"job_id": "1"}]}', b'{"detail": "hello"}', b"[1, 2]", b'{"jobs": 3}', b"null"])
def test_an_answer_of_something_else_is_a_sentence(stand: Hyp3, service: Service, body: bytes) -> None:
    stand.faults["/jobs"] = [Answer(200, body, {"Content-Type": "application/json"})]
    with pytest.raises(ServiceError, match="gave an answer that is none of HyP3's"):
        service.jobs()


def test_jobs_are_checked_without_being_taken(stand: Hyp3, service: Service) -> None:
    service.check([job(0)])
    assert stand.jobs == []
    assert stand.spent == 0
    wrong = job(0)
    wrong["job_type"] = "NONE"
    with pytest.raises(ServiceError) as caught:
        service.check([wrong])
    assert caught.value.status == 400


class Login(Stand):
    """Earthdata Login: a token for a name and a password."""

    def respond(self, request: Request) -> Answer:
        if request.path == "/api/users/find_or_create_token" and request.headers.get("Authorization") == "Basic bWU6c2VjcmV0LXB3":
            return Answer.of_json({"access_token": TOKEN, "token_type": "Bearer"})
        return Answer.of_json({"error": "invalid_credentials", "error_description": "Invalid user credentials"}, 401)


@pytest.mark.parametrize("password", ["secret-pw", "wrong-pw"])
def test_name_and_password_of_netrc(
    stand: Hyp3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], password: str
) -> None:
    """They go to the login only, which gives the token for the service; what is wrong is said without them."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login me password {password}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.delenv("EARTHDATA_TOKEN")
    with Login() as login:
        service = connect(stand.base, login.base, QUICK)
        if password == "secret-pw":
            assert service.credits() == 1000.0
            service.send([job(0)])
            assert len(login.seen) == 1
            assert {request.headers["Authorization"] for request in stand.seen} == {f"Bearer {TOKEN}"}
        else:
            with pytest.raises(InsarcastError) as caught:
                service.credits()
            assert str(netrc) in str(caught.value)
            assert "Invalid user credentials" in str(caught.value)
            assert password not in str(caught.value)
            assert stand.seen == []
    said = capsys.readouterr()
    assert password not in said.out + said.err


def test_without_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARTHDATA_TOKEN")
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    with pytest.raises(InsarcastError, match="EARTHDATA_TOKEN is not set"):
        connect("https://hyp3-api.example.org", "https://urs.earthdata.nasa.gov", QUICK)


def test_another_host_never_sees_the_token(stand: Hyp3, service: Service) -> None:
    """A redirect away from the service goes without it."""
    with Stand({"/jobs": b'{"jobs": []}'}) as other:
        stand.elsewhere = other.base
        stand.faults["/jobs"] = ["redirect"]
        service.jobs()
        assert [request.headers.get("Authorization") for request in other.seen] == [None]
