"""Certificates and proxies of the environment, the same for files and for services."""

from __future__ import annotations

import http.client
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standins.loopback import Answer, Stand

from insarcast.acquire.web.access import Auth
from insarcast.acquire.web.download import fetch_all
from insarcast.acquire.web.errors import Refused, ServiceError
from insarcast.acquire.web.remote import Remote
from insarcast.acquire.web.secrets import Credentials, Secret
from insarcast.acquire.web.session import service_session
from insarcast.acquire.web.settings import WebSettings
from insarcast.acquire.web.trust import VARIABLES
from insarcast.core import InsarcastError

SETTINGS = WebSettings(attempts=2, timeout=60, longest_wait=0.01, spare_gb=0)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, *PROXIES, *map(str.lower, PROXIES)):
        monkeypatch.delenv(name, raising=False)


def by_file(url: str, folder: Path, auth: Auth | None = None) -> bytes:
    shutil.rmtree(folder, ignore_errors=True)
    fetch_all({"x.json": Remote(url)}, folder, SETTINGS, auth=auth)
    return (folder / "x.json").read_bytes()


def by_service(url: str, folder: Path, auth: Auth | None = None) -> bytes:
    with service_session(SETTINGS, credentials=auth.credentials if auth else None, hosts=auth.hosts if auth else ()) as session:
        return session.get(url).content


both = pytest.mark.parametrize("get", [by_file, by_service])
Get = Callable[..., bytes]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate of 127.0.0.1, signed by itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate of the test, and is not there")
    folder = tmp_path_factory.mktemp("tls")
    made = [
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    trusted = folder / "trusted"
    trusted.mkdir()
    shutil.copy(folder / "cert.pem", trusted)
    subprocess.run(["openssl", "rehash", "trusted"], cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[Stand]:
    with Stand({"/x": b"[1]"}, tls=certificate) as stand:
        yield stand


@both
@pytest.mark.parametrize("variable", VARIABLES)
def test_certificates_of_the_environment_are_trusted(
    tmp_path: Path, secure: Stand, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, variable: str, get: Get
) -> None:
    place = certificate[0].parent / "trusted" if variable == "SSL_CERT_DIR" else certificate[0]
    monkeypatch.setenv(variable, str(place))
    assert get(f"{secure.base}/x", tmp_path / "into") == b"[1]"


@both
def test_an_unknown_certificate_ends_in_a_sentence(tmp_path: Path, secure: Stand, get: Get) -> None:
    with pytest.raises(
        ServiceError, match=f"The certificate of {secure.netloc} is not trusted; .* set REQUESTS_CA_BUNDLE or SSL"
    ) as caught:
        get(f"{secure.base}/x", tmp_path / "into")
    assert not caught.value.passing
    assert not secure.seen


@both
@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_that_names_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, get: Get) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "gone.pem"))
    with pytest.raises(InsarcastError, match=rf"{variable} names .*gone\.pem, which does not exist"):
        get("https://127.0.0.1:9/x", tmp_path / "into")


@both
def test_credentials_are_not_sent_unencrypted(
    tmp_path: Path, secure: Stand, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, get: Get
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    auth = Auth(Credentials("https://urs.example", token=Secret("a-token-of-the-test")), [secure.netloc, "files.example"])
    secure.faults = {"/x": [Answer(302, b"", {"Location": "http://files.example/x"})]}
    with pytest.raises(Refused, match=r"leads to http://files\.example/x, where credentials would be sent unencrypted; refused"):
        get(f"{secure.base}/x", tmp_path / "into", auth)
    assert secure.seen[0].headers["Authorization"] == "Bearer a-token-of-the-test"


class Proxy(ThreadingHTTPServer):
    """Forwards GET of whole URLs to one server, whatever their host, and opens tunnels to nobody."""

    daemon_threads = True

    def __init__(self, to: str) -> None:
        super().__init__(("127.0.0.1", 0), Forwarder)
        self.to, self.seen = to, list[str]()

    def __enter__(self) -> Proxy:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Forwarder(BaseHTTPRequestHandler):
    server: Proxy

    def log_message(self, *arguments: Any) -> None:
        """Keep the test's output quiet."""

    def do_GET(self) -> None:
        self.server.seen.append(self.path)
        connection = http.client.HTTPConnection(self.server.to)
        connection.request("GET", "/" + self.path.split("/", 3)[3])
        answer = connection.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        self.server.seen.append(self.path)
        self.send_error(403)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Stand({"/x": b"[2]"}) as stand, Proxy(stand.netloc) as server:
        yield server


@both
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_is_asked(tmp_path: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, variable: str, get: Get) -> None:
    monkeypatch.setenv(variable, proxy.url)
    assert get("http://portal.example/x", tmp_path / "into") == b"[2]"
    assert proxy.seen == ["http://portal.example/x"]


@both
@pytest.mark.parametrize("spared", ["127.0.0.1", "portal.example,127.0.0.0/8", "*"])
def test_but_not_for_spared_hosts(tmp_path: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, spared: str, get: Get) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", spared)
    with Stand({"/x": b"[3]"}) as stand:
        assert get(f"{stand.base}/x", tmp_path / "into") == b"[3]"
    assert proxy.seen == []


@both
def test_a_proxy_that_lets_nothing_through(tmp_path: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, get: Get) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http://", "http://me:a-proxy-password@"))
    with pytest.raises(ServiceError, match="the proxy does not let it through") as caught:
        get("https://portal.example/x", tmp_path / "into")
    assert "a-proxy-password" not in str(caught.value)
    assert proxy.seen == ["portal.example:443"] * 2


@both
@pytest.mark.parametrize("wrong", ["http://", "nonsense://host:1", "http://127.0.0.1:99999", "socks5://127.0.0.1:1080"])
def test_a_proxy_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, get: Get) -> None:
    monkeypatch.setenv("HTTP_PROXY", wrong)
    with pytest.raises(ServiceError, match=r"proxy .HTTPS_PROXY, HTTP_PROXY, ALL_PROXY., which is no address"):
        get("http://portal.example/x", tmp_path / "into")


@both
@pytest.mark.parametrize(
    "url",
    ["portal.example/x", "ftp://portal.example/x", "http://", "http://[::1/x", "http://a:b:c/x", "http://portal..example/x"],
)
def test_an_address_that_is_none(tmp_path: Path, url: str, get: Get) -> None:
    with pytest.raises(InsarcastError, match="is no address that can be fetched"):
        get(url, tmp_path / "into")
