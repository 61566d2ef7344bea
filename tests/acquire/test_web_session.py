"""Asking services: retries, credentials to named hosts only, sentences, and no secret anywhere."""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from standins.loopback import Answer, Request, Stand
from standins.patience import PATIENT, Patience

from insarcast.acquire.web.access import Auth
from insarcast.acquire.web.download import fetch_all
from insarcast.acquire.web.errors import NotThere, Refused, ServiceError
from insarcast.acquire.web.remote import Remote
from insarcast.acquire.web.secrets import Credentials, Secret, earthdata_credentials, hide, shown
from insarcast.acquire.web.session import service_session
from insarcast.acquire.web.settings import WebSettings
from insarcast.core import InsarcastError

SETTINGS = WebSettings(attempts=3, timeout=PATIENT, longest_wait=0.01, spare_gb=0)
TOKEN = "eyJ0.secret-of-the-test.s1gn"
PASSWORD = "pass word/of+the&test"


class Service(Stand):
    """Says who asked, and gives tokens for the right name and password."""

    def respond(self, request: Request) -> Answer:
        if request.path == "/api/users/find_or_create_token":
            right = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()
            if request.method == "POST" and request.headers["Authorization"] == right:
                return Answer.of_json({"access_token": TOKEN, "token_type": "Bearer", "expiration_date": "01/01/2030"})
            return Answer.of_json(
                {"error": "invalid_credentials", "error_description": f"no {request.headers['Authorization']}"}, 401
            )
        return Answer.of_json({"asked": request.method, "body": request.body.decode()})


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.delenv("EARTHDATA_TOKEN", raising=False)
    with Service() as server:
        yield server


def with_token() -> Credentials:
    return Credentials("https://urs.example", token=Secret(TOKEN))


@pytest.mark.parametrize("fault", ["429", "500", "503html", "reset", "cut", "short", "stall", "corrupt", "408"])
def test_get_is_tried_again(stand: Service, fault: str) -> None:
    stand.faults = {"/jobs": [fault, fault]}
    with service_session(Patience(stand, attempts=3, longest_wait=0.01)) as session:
        assert session.get(f"{stand.base}/jobs").json() == {"asked": "GET", "body": ""}
        assert len(stand.seen) == 3
        stand.faults = {"/jobs": [fault] * 3}
        with pytest.raises(ServiceError) as caught:
            session.get(f"{stand.base}/jobs")
    assert caught.value.passing
    assert stand.netloc in str(caught.value)
    assert str(caught.value).endswith(".")
    assert len(stand.seen) == 6


@pytest.mark.parametrize("fault", ["429", "500", "503html", "reset", "cut", "stall"])
def test_post_is_sent_once_unless_the_caller_says_so(stand: Service, fault: str) -> None:
    stand.faults = {"/jobs": [fault]}
    with service_session(Patience(stand, attempts=3, longest_wait=0.01)) as session:
        with pytest.raises(ServiceError) as caught:
            session.post(f"{stand.base}/jobs", json={"a": 1})
        assert caught.value.passing
        assert len(stand.seen) == 1
        stand.faults = {"/jobs": [fault]}
        assert session.post(f"{stand.base}/jobs", data="x", idempotent=True).json()["body"] == "x"
        session.idempotent = True
        stand.faults = {"/jobs": [fault]}
        assert session.post(f"{stand.base}/jobs", data="y").json()["body"] == "y"
    assert len(stand.seen) == 5


@pytest.mark.parametrize(
    ("fault", "error", "said", "status"),
    [
        ("401", Refused, "the credentials of the environment are wrong or have expired; renew them", 401),
        ("403", Refused, r"has not accepted its agreement \(EULA\)", 403),
        ("404", NotThere, "/jobs is not there", 404),
        ("400", ServiceError, "does not do what it was asked .the server answered 400: made to fail with 400", 400),
        ("login", Refused, "answered 200 with a login page: the credentials are missing or have expired", 200),
        (Answer.of_json({"errors": ["bad polygon", "bad date"]}, 422), ServiceError, "422: bad polygon; bad date", 422),
        (Answer(407), ServiceError, "The proxy refuses", 407),
    ],
)
def test_what_does_not_pass_is_asked_once(stand: Service, fault: Any, error: type[ServiceError], said: str, status: int) -> None:
    stand.faults = {"/jobs": [fault]}
    with (
        service_session(SETTINGS, credentials=with_token(), hosts=[stand.netloc]) as session,
        pytest.raises(error, match=said) as caught,
    ):
        session.get(f"{stand.base}/jobs")
    assert (caught.value.status, caught.value.passing) == (status, False)
    assert len(stand.seen) == 1


def test_a_token_that_has_ended_is_named(stand: Service) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 1_600_000_000}).encode()).decode().rstrip("=")
    credentials = Credentials(
        "https://urs.example", token=Secret(f"head.{claims}.sign"), source="the environment's EARTHDATA_TOKEN"
    )
    stand.faults = {"/jobs": ["401"]}
    said = "the token of the environment's EARTHDATA_TOKEN ended on 2020-09-13; make a new one"
    session = service_session(SETTINGS, credentials=credentials, hosts=[stand.netloc])
    with session, pytest.raises(Refused, match=said):
        session.get(f"{stand.base}/jobs")


def test_a_password_becomes_a_token_once(stand: Service) -> None:
    credentials = Credentials(stand.base, user="me", password=Secret(PASSWORD), source="~/.netrc")
    stand.faults = {"/api/users/find_or_create_token": ["503"]}
    with service_session(SETTINGS, credentials=credentials, hosts=[stand.netloc]) as session:
        assert not stand.seen
        for _ in range(3):
            session.get(f"{stand.base}/jobs")
    assert [request.path for request in stand.seen] == ["/api/users/find_or_create_token"] * 2 + ["/jobs"] * 3
    assert {request.headers["Authorization"] for request in stand.seen[2:]} == {f"Bearer {TOKEN}"}


def test_a_wrong_password_is_said_without_it(stand: Service) -> None:
    credentials = Credentials(stand.base, user="me", password=Secret("wrong-one"), source="~/.netrc")
    session = service_session(SETTINGS, credentials=credentials, hosts=[stand.netloc])
    with session, pytest.raises(Refused, match=r"does not accept the name and password of ~/\.netrc") as caught:
        session.get(f"{stand.base}/jobs")
    assert len(stand.seen) == 1
    assert "wrong-one" not in str(caught.value)
    assert base64.b64encode(b"me:wrong-one").decode() not in str(caught.value)


def test_netrc_is_not_sent_behind_our_back(stand: Service, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1 login me password {PASSWORD.split()[0]}\ndefault login d password dd\n")
    with service_session(SETTINGS) as session:
        session.get(f"{stand.base}/jobs")
    with service_session(SETTINGS, credentials=with_token(), hosts=[stand.netloc]) as session:
        session.get(f"{stand.base}/jobs")
    assert [request.headers["Authorization"] for request in stand.seen] == [None, f"Bearer {TOKEN}"]


@pytest.mark.parametrize("named", [False, True])
def test_redirects_take_credentials_to_named_hosts_only(stand: Service, tmp_path: Path, named: bool) -> None:
    with Service({"/jobs": b"x"}) as other:
        stand.elsewhere = other.base
        stand.faults = {"/jobs": ["redirect"] * 2}
        hosts = [stand.netloc, *([other.netloc] if named else [])]
        with service_session(SETTINGS, credentials=with_token(), hosts=hosts) as session:
            session.get(f"{stand.base}/jobs")
        fetch_all({"x.json": Remote(f"{stand.base}/jobs")}, tmp_path / "into", SETTINGS, auth=Auth(with_token(), hosts))
        assert [request.headers["Authorization"] for request in other.seen] == [f"Bearer {TOKEN}" if named else None] * 2
        assert all(request.headers["Authorization"] == f"Bearer {TOKEN}" for request in stand.seen)


def test_a_login_host_that_refuses_after_a_redirect_is_about_the_token(stand: Service, tmp_path: Path) -> None:
    with Service() as login:
        stand.elsewhere = login.base
        stand.faults, login.faults = {"/jobs": ["redirect"] * 2}, {"/jobs": ["401"] * 2}
        auth = Auth(with_token(), [stand.netloc])
        with pytest.raises(Refused, match="the credentials of the environment are wrong or have expired"):
            fetch_all({"x": Remote(f"{stand.base}/jobs")}, tmp_path / "into", SETTINGS, auth=auth)
        session = service_session(SETTINGS, credentials=auth.credentials, hosts=auth.hosts)
        with session, pytest.raises(Refused, match="the credentials of the environment are wrong or have expired"):
            session.get(f"{stand.base}/jobs")


def test_a_cookie_of_one_host_stays_there(stand: Service) -> None:
    stand.faults = {"/jobs": [Answer(200, b"{}", {"Set-Cookie": "asf-urs=a-cookie; Path=/"})]}
    with service_session(SETTINGS) as session:
        session.get(f"{stand.base}/jobs")
        session.get(f"{stand.base}/jobs")
        assert stand.seen[1].headers["Cookie"] is None  # nobody named the host
    stand.faults = {"/jobs": [Answer(200, b"{}", {"Set-Cookie": "asf-urs=a-cookie; Path=/"})]}
    with service_session(SETTINGS, credentials=with_token(), hosts=[stand.netloc]) as session:
        session.get(f"{stand.base}/jobs")
        session.get(f"{stand.base}/jobs")
        assert stand.seen[3].headers["Cookie"] == "asf-urs=a-cookie"


@pytest.mark.parametrize(
    ("host", "url", "covered"),
    [
        ("a.org", "https://a.org/x", True),
        ("a.org", "https://A.ORG:443/x", True),
        ("a.org", "http://a.org/x", False),
        ("a.org", "https://a.org:8443/x", False),
        ("a.org:8443", "https://a.org:8443/x", True),
        ("a.org", "https://a.org.evil.org/x", False),
        ("a.org", "https://evil.org/a.org", False),
        ("a.org", "https://a.org@evil.org/x", False),
        ("a.org", "https://b.a.org/x", False),
        (".a.org", "https://b.a.org/x", True),
        (".a.org", "https://nota.org/x", False),
        (".a.org", "http://b.a.org/x", False),
        ("localhost:80", "http://localhost/x", True),
        ("[::1]:8080", "http://[::1]:8080/x", True),
    ],
)
def test_who_gets_credentials(host: str, url: str, covered: bool) -> None:
    assert Auth(with_token(), [host]).covers(url) is covered


def test_other_hosts_stand_in(stand: Service) -> None:
    with service_session(SETTINGS, instead={"https://cmr.example": stand.base}) as session:
        assert session.get("https://cmr.example/search?a=1").json()["asked"] == "GET"
        assert session.replaced("https://cmr.example.org/x") == "https://cmr.example.org/x"
        stand.faults = {"/x": [Answer(302, b"", {"Location": "https://cmr.example/y"})]}
        session.get(f"{stand.base}/x")
    assert [request.path for request in stand.seen] == ["/search", "/x", "/y"]


def test_the_settings_time_out_rules(stand: Service) -> None:
    stand.faults = {"/jobs": ["stall"]}
    start = time.monotonic()
    with (
        service_session(WebSettings(attempts=1, timeout=0.3)) as session,
        pytest.raises(ServiceError, match=r"no further byte for 0\.3 s"),
    ):
        session.post(f"{stand.base}/jobs", timeout=30)
    assert time.monotonic() - start < 20


def test_hyp3_sdk_asks_through_it(stand: Service) -> None:
    import hyp3_sdk

    class Jobs(Service):
        def respond(self, request: Request) -> Answer:
            job = {
                "job_id": "1",
                "job_type": "INSAR_GAMMA",
                "request_time": "2026-01-01T00:00:00+00:00",
                "status_code": "RUNNING",
                "user_id": "me",
            }
            return Answer.of_json({"jobs": [job]})

    with Jobs() as service:
        api = hyp3_sdk.HyP3(service.base, token="replaced")
        api.session = service_session(SETTINGS, credentials=with_token(), hosts=[service.netloc])
        service.faults = {"/jobs": ["503html", "reset", "empty_next", "cut"]}
        assert [job.job_id for job in api.find_jobs(name="x")] == ["1"]
        assert len(service.seen) == 5
        assert {request.headers["Authorization"] for request in service.seen} == {f"Bearer {TOKEN}"}


def test_asf_search_asks_through_it(stand: Service) -> None:
    import asf_search

    class Search(Service):
        def respond(self, request: Request) -> Answer:
            return Answer.of_json({"hits": 0, "items": []})

    with Search() as service:
        session = service_session(SETTINGS, instead={"https://cmr.earthdata.nasa.gov": service.base})
        session.idempotent = True
        service.faults = {"/search/granules.umm_json": ["503html", "reset"]}
        assert len(asf_search.search(dataset="SLC-BURST", maxResults=5, session=session)) == 0
        asked = len(service.seen)
        service.faults = {"/search/granules.umm_json": [Answer.of_json({"errors": ["bad polygon"]}, 400)]}
        with pytest.raises(ServiceError, match="bad polygon"):
            asf_search.search(dataset="SLC-BURST", maxResults=5, session=session)
        assert len(service.seen) == asked + 1


@pytest.mark.parametrize("fault", ["401", "403", "429", "500", "503html", "reset", "cut", "login", "expired", "redirect"])
def test_no_secret_is_ever_shown(
    stand: Service, tmp_path: Path, fault: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The server itself repeats what it was sent, as some do; links are signed; nothing of it is in a sentence, a log or a file."""
    signed = f"{stand.base}/jobs?X-Amz-Signature=s1gnature-of-a-link&X-Amz-Credential=AKIA0&token={TOKEN}"
    said = []
    stand.elsewhere = f"http://me:{PASSWORD[:4]}-other@127.0.0.1:9"
    for wrong in (fault, Answer.of_json({"detail": f"Bearer {TOKEN} for {signed}"}, 400)):
        stand.faults = {"/jobs": [wrong] * 9}
        with caplog.at_level(logging.INFO), service_session(SETTINGS, credentials=with_token(), hosts=[stand.netloc]) as session:
            with pytest.raises(ServiceError) as caught:
                session.get(signed)
            said += [repr(caught.value), caught.value.detail, caught.value.reason]
            with pytest.raises(InsarcastError) as stopped:
                fetch_all({"a": Remote(signed, kind="zip")}, tmp_path / "into", SETTINGS, auth=Auth(with_token(), [stand.netloc]))
            said.append(repr(stopped.value))
    out = capfd.readouterr()
    files = [path.read_text(errors="replace") for path in (tmp_path / "into").glob("*")]
    everything = "\n".join([*said, out.out, out.err, caplog.text, *files])
    for secret in (TOKEN, "s1gnature-of-a-link", "AKIA0", f"{PASSWORD[:4]}-other"):
        assert secret not in everything


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret("abcdefgh")
    assert f"{secret} {secret!r} {secret:>9} {[secret]}" == "*** *** *** [***]"
    assert "abcdefgh" not in repr(Credentials("https://x", token=secret))
    assert secret.reveal() == "abcdefgh"
    for write in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            write(secret)
    assert not hasattr(secret, "__dict__")
    assert hide("an abcdefgh in a text") == "an *** in a text"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (
            "GET https://b.s3.org/a.zip?X-Amz-Date=1&X-Amz-Signature=ab12 HTTP",
            "GET https://b.s3.org/a.zip?X-Amz-Date=***&X-Amz-Signature=*** HTTP",
        ),
        ("Authorization: Bearer ab.cd-ef_gh", "Authorization: Bearer ***"),
        ("basic dXNlcjpwYXNz and more", "basic *** and more"),
        ("https://me:pw@host/x", "https://***@host/x"),
        ("https://host/x?start_token=abc&name=n", "https://host/x?start_token=***&name=n"),
        ("no secret at all: 20180106_20180118", "no secret at all: 20180106_20180118"),
    ],
)
def test_traces_of_secrets_are_hidden(text: str, hidden: str) -> None:
    assert hide(text) == hidden


def test_urls_are_shown_without_query() -> None:
    assert shown("https://me:pw@host:8/x/y.zip?sig=1#f") == "https://host:8/x/y.zip"
    assert shown("http://[broken") == "http://[broken"


@pytest.mark.usefixtures("stand")
class TestWhereCredentialsComeFrom:
    login = "https://urs.example.org"

    def test_the_environment_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / ".netrc").write_text("machine urs.example.org login me password pw12\n")
        monkeypatch.setenv("EARTHDATA_TOKEN", "  Bearer abc.def \n")
        found = earthdata_credentials(self.login)
        assert found.token is not None
        assert (found.token.reveal(), found.user) == ("abc.def", None)

    @pytest.mark.parametrize("named", [False, True])
    def test_netrc_then(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], named: bool
    ) -> None:
        path = tmp_path / ("elsewhere" if named else ".netrc")
        path.write_text("machine other login x password y\nmachine urs.example.org\n login me\n password p@ss\n")
        path.chmod(0o600)
        if named:
            monkeypatch.setenv("NETRC", str(path))
        found = earthdata_credentials(self.login)
        assert found.password is not None
        assert (found.user, found.password.reveal(), found.source) == ("me", "p@ss", str(path))
        assert capsys.readouterr().err == ""
        path.chmod(0o644)
        earthdata_credentials(self.login)
        assert capsys.readouterr().err == f"{path} holds a password and others can read it: chmod 600 {path}\n"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (None, "EARTHDATA_TOKEN is not set and there is no .*netrc; make a token at https://urs.example.org/user_tokens"),
            ("machine other login x password y\n", "has no entry for urs.example.org"),
            ("machine urs.example.org login me\n", "has no entry for urs.example.org"),
            ("machine urs.example.org login me password h u n t e r 2\n", r"cannot be read as netrc \(line 1\); correct it"),
        ],
    )
    def test_or_a_sentence(self, tmp_path: Path, text: str | None, said: str) -> None:
        if text is not None:
            (tmp_path / ".netrc").write_text(text)
        with pytest.raises(InsarcastError, match=said) as caught:
            earthdata_credentials(self.login)
        assert "h u n" not in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_token_in_two_lines(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EARTHDATA_TOKEN", "abc\ndef")
        with pytest.raises(InsarcastError, match="EARTHDATA_TOKEN holds characters that no token has") as caught:
            earthdata_credentials(self.login)
        assert "abc" not in str(caught.value)


def test_the_session_is_one_of_requests() -> None:
    assert isinstance(service_session(SETTINGS), requests.Session)
