"""A stand-in of ASF's HyP3: jobs that are checked, charged, run and delivered, and everything that can go wrong on the way.

It speaks as the service's own API does (``hyp3_api`` and ``dynamo`` of ASFHyP3/hyp3): lists are cut into pages before they are
filtered by name, defaults are filled into jobs, a refusal repeats the job, all jobs of a request are charged before they are stored.
Products are those of the simulator, in HyP3's format, named as each type of job names them.

    with Hyp3(scene_of("2021-01-09", 5)) as stand:
        stand.faults["POST /jobs"] = ["truncate"]  # taken, but the answer is lost
        ...  # hyp3.api: stand.base
        assert stand.spent == 3
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from insarcast.acquire import Scene, make_scene
from insarcast.acquire.simulated.write_hyp3 import write_product

from .loopback import EXPIRED_LINK, Answer, Fault, Request, Stand

TOKEN = "edl-token-of-the-tests-0123456789"
DEFAULTS: dict[str, dict[str, Any]] = {
    "INSAR_GAMMA": {
        "include_look_vectors": False, "include_los_displacement": False, "include_displacement_maps": False, "include_inc_map": False,
        "include_dem": False, "include_wrapped_phase": False, "apply_water_mask": False, "looks": "20x4", "phase_filter_parameter": 0.6,
    },
    "INSAR_ISCE_BURST": {"apply_water_mask": False, "looks": "20x4"},
    "INSAR_ISCE_MULTI_BURST": {"apply_water_mask": False, "looks": "20x4"},
}  # fmt: skip
COSTS: dict[str, dict[str, Any]] = {  # an object by job type since version 10 of the service
    "AUTORIFT": {"cost": 25},
    "INSAR_GAMMA": {"cost_parameters": ["looks"], "cost_table": {"20x4": 10, "10x2": 15}},
    "INSAR_ISCE_BURST": {"cost": 1},
    "INSAR_ISCE_MULTI_BURST": {
        "cost_parameters": ["looks", "reference"],
        "cost_table": {
            "20x4": {str(n): 1 if n < 5 else 5 if n < 13 else 10 for n in range(1, 16)},
            "10x2": {str(n): 1 if n < 4 else 5 if n < 10 else 10 for n in range(1, 16)},
            "5x1": {str(n): 1 if n == 1 else 5 * (n - 1) if n < 11 else 5 * (n + 7) for n in range(1, 16)},
        },
    },
}
MOST_JOBS = 200  # of one request, as the service's openapi-spec says
REFUSALS = {
    "NOT_STARTED": "User tester has not yet applied for a monthly credit allotment. Please visit https://hyp3.example to apply.",
    "PENDING": "User tester has a pending application, please try again later.",
    "REJECTED": "The application for user tester has been rejected.",
}
BURST = r"S1_\d{6}_IW\d_\d{8}T\d{6}_[VH]{2}_[\dA-F]{4}-BURST"
SCENE = r"S1[ABC]_IW_SLC__1S[SD][VH].{51}"
README = """When using this data in a manuscript, please include

    ASF DAAC HyP3 2026 using the hyp3_isce2 plugin version 4.0.0 running
    ISCE2 release 2.6.3. Contains modified Copernicus Sentinel data
    {year}, processed by ESA.
"""


def scene_of(start: str, count: int, interval: int = 12, **changes: Any) -> Scene:
    """A tiny simulated scene that has these dates."""
    return make_scene(
        {
            "area": {"rows": 18, "columns": 22, "water": 0.06},
            "acquisitions": {
                "count": count, "start": start, "interval": interval, "missing": 0, "gap": 0, "lost": 0, "extent": 1, "annual": False,
            },
            "bowls": [{"kind": "steady", "rate": -120, "place": [0.5, 0.5], "radius": 600}],
            "errors": {"unwrapping": 0, "holes": 0},
            **changes,
        }
    )  # fmt: skip


def granules(day: str, bursts: Sequence[str] = ("136231_IW2",), polarization: str = "VV") -> list[str]:
    """Names of the burst granules of a date (``yyyymmdd``)."""
    code = hashlib.md5(day.encode()).hexdigest()[:4].upper()
    return [f"S1_{burst}_{day}T0223{12 + k:02d}_{polarization}_{code}-BURST" for k, burst in enumerate(bursts)]


def scene_name(day: str) -> str:
    """Name of the SLC scene of a date, of relative orbit 68."""
    orbit = 68 + 72 + 175 * 200
    return f"S1A_IW_SLC__1SDV_{day}T022300_{day}T022327_{orbit:06d}_03CE5A_{hashlib.md5(day.encode()).hexdigest()[:4].upper()}"


class Hyp3(Stand):
    """The stand-in.

    ``faults`` may name a method too: ``"POST /jobs"``; "truncate" there means that the order was taken and its answer lost.

    Attributes:
        scene: what the satellite saw; None where products do not matter (each is then a zip of empty files).
        token: the only token that is good.
        credits: what is left; None: no limit.
        spent: credits that were charged so far.
        jobs: what was ordered, as the service tells it.
        page: jobs on a page, before the filters.
        polls: how often a job is listed until it is done.
        lag: how many lists a new job is missing from.
        failing, never: pairs whose jobs fail, or run for ever.
        unknown: granules that the archive does not have.
        partial: of the next order, so many jobs are stored, all are charged, and the answer is a 500.
        zips: pair -> what its zip is instead.
        names: pair -> what its file is called instead.
        texts: pair -> what its parameter file says instead, where products do not matter.
        status: what became of the account's request for access.
        slow_orders: seconds that an order takes; a client that has given up does not keep it from being taken.
        late_orders: seconds after which the next order is taken whose answer is a 504 at once: the gateway's, which waits no longer.
        flight: track and direction that products say they are of, or None: what the scene says.
        most: jobs that one order may hold.
        names_of_one: whether products of one burst are named as those of several (the service's issue 2957).
        down: while it is above 0, each request of the API gets a 503 and counts it down.
    """

    def __init__(self, scene: Scene | None = None, credits: float | None = 1000.0, polls: int = 2, page: int = 100) -> None:
        super().__init__()
        self.scene, self.credits, self.polls, self.page = scene, credits, polls, page
        self.token, self.spent, self.lag, self.partial, self.down = TOKEN, 0.0, 0, None, 0
        self.status, self.slow_orders, self.late_orders = "APPROVED", 0.0, 0.0
        self.flight: tuple[int, str] | None = None
        self.names_of_one = False
        self.most = MOST_JOBS
        self.jobs: list[dict[str, Any]] = []
        self.failing: set[str] = set()
        self.never: set[str] = set()
        self.unknown: set[str] = set()
        self.zips: dict[str, bytes] = {}
        self.names: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self._numbers = count()
        self._hidden: dict[str, int] = {}
        self._listed: dict[str, int] = {}
        self._made: dict[str, bytes] = {}

    partial: int | None

    def next_fault(self, path: str) -> Fault | None:
        return super().next_fault(f"{self.seen[-1].method} {path}") or super().next_fault(path)

    def respond(self, request: Request) -> Answer:
        if request.path.startswith("/files/"):
            return self._file(request.path)
        if self.down > 0:
            self.down -= 1
            return Answer.page("<html><body>503 Service Temporarily Unavailable</body></html>", 503)
        if request.path == "/costs":
            return Answer.of_json(COSTS)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return problem(401, "Invalid authorization token provided")
        routes: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "/user"): lambda _: Answer.of_json(
                {
                    "user_id": "tester",
                    "application_status": self.status,
                    "remaining_credits": self.credits,
                    "job_names": [],
                }
            ),
            ("GET", "/jobs"): self._list,
            ("POST", "/jobs"): self._take,
        }
        if route := routes.get((request.method, request.path)):
            return route(request)
        job = next((job for job in self.jobs if request.path == f"/jobs/{job['job_id']}"), None)
        return Answer.of_json(self._aged(job)) if job else problem(404, f"job_id does not exist: {request.path}")

    def ordered(self) -> list[int]:
        """Number of jobs of each order that was asked to be taken."""
        posts = [request.json for request in self.seen if request.method == "POST" and request.path == "/jobs"]
        return [len(post["jobs"]) for post in posts if not post.get("validate_only")]

    def expire(self, *pairs: str) -> None:
        """Let the products of pairs (or of all) end: their files are gone."""
        for job in self.jobs:
            if not pairs or pair_of(job) in pairs:
                job["expiration_time"] = "2020-01-01T00:00:00+00:00"

    def _list(self, request: Request) -> Answer:
        query = {key: values[0] for key, values in request.query.items()}
        order = sorted(self.jobs, key=lambda job: str(job["request_time"]), reverse=True)
        begin = int(query["start_token"]) if query.get("start_token", "").isdecimal() else 0
        page = [job for job in order[begin : begin + self.page] if not self._lags(job)]
        wanted = [
            job
            for job in page
            if all(job.get(key) == query[key] for key in ("name", "status_code", "job_type") if key in query)
            and (
                "start" not in query or datetime.fromisoformat(str(job["request_time"])) >= datetime.fromisoformat(query["start"])
            )
        ]
        answer: dict[str, Any] = {"jobs": [self._aged(job) for job in wanted]}
        if begin + self.page < len(order):  # under the name that the service knows itself by
            answer["next"] = f"https://hidden.invalid/jobs?{urlencode(query | {'start_token': str(begin + self.page)})}"
        return Answer.of_json(answer)

    def _lags(self, job: Mapping[str, Any]) -> bool:
        left = self._hidden.get(job["job_id"], 0)
        self._hidden[job["job_id"]] = max(0, left - 1)
        return left > 0

    def _take(self, request: Request) -> Answer:
        if self.late_orders and not request.json.get("validate_only"):
            late, self.late_orders = self.late_orders, 0.0
            threading.Timer(late, self._take, [request]).start()
            return Answer.of_json({"message": "Endpoint request timed out"}, 504)
        time.sleep(self.slow_orders)
        body = request.json
        jobs = body.get("jobs", [])
        if self.status in REFUSALS:
            return problem(403, REFUSALS[self.status])
        if not 1 <= len(jobs) <= self.most or set(body) - {"jobs", "validate_only"}:
            return problem(400, f"{json.dumps(body)} is not valid under any of the given schemas")
        for job in jobs:
            if not valid(job):
                return problem(400, f"{json.dumps(job)} is not valid under any of the given schemas")
            if missing := self.unknown & set(all_granules(job)):
                return problem(400, f"Some requested scenes could not be found: {', '.join(sorted(missing))}")
            if words := wrong_bursts(job):
                return problem(400, words)
        cost = sum(price(job) for job in jobs)
        if self.credits is not None and cost > self.credits:
            return problem(400, f"These jobs would cost {cost} credits, but you have only {self.credits} remaining.")
        new = [self._prepared(job) for job in jobs]
        if body.get("validate_only"):
            return Answer.of_json(body | {"jobs": new})
        self.spent += cost
        self.credits = None if self.credits is None else self.credits - cost
        stored = new if self.partial is None else new[: self.partial]
        self.jobs += stored
        self._hidden |= {job["job_id"]: self.lag for job in stored}
        if self.partial is not None:
            self.partial = None
            return Answer.page("<html><title>500 Internal Server Error</title></html>", 500)
        return Answer.of_json({"jobs": new})

    def job_id(self, number: int) -> str:
        """The id of the job that is ordered as the so-manieth, from 0."""
        return str(uuid.UUID(int=number + 1))

    def _prepared(self, job: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "job_id": self.job_id(next(self._numbers)),
            "user_id": "tester",
            "status_code": "PENDING",
            "execution_started": False,
            "request_time": datetime.now(UTC).isoformat(timespec="seconds"),
            "priority": 100,
            **job,
            "job_parameters": DEFAULTS[job["job_type"]] | job["job_parameters"] | {"an_option_of_tomorrow": "usual"},
            "credit_cost": price(job),
        }

    def _aged(self, job: dict[str, Any]) -> dict[str, Any]:
        """A job as it is told now: each time that it is told it is older."""
        times = self._listed[job["job_id"]] = self._listed.get(job["job_id"], 0) + 1
        pair = pair_of(job)
        if job["status_code"] in ("SUCCEEDED", "FAILED") or pair in self.never:
            return job
        if times <= self.polls:
            job["status_code"] = "PENDING" if times == 1 else "RUNNING"
        elif pair in self.failing:
            job |= {"status_code": "FAILED", "logs": [f"{self.base}/files/{job['job_id']}/{job['job_id']}.log"]}
        else:
            name = self.names.get(pair, self._product(job) + ".zip")
            job |= {
                "status_code": "SUCCEEDED",
                "expiration_time": (datetime.now(UTC) + timedelta(days=14)).isoformat(timespec="seconds"),
                "files": [
                    {
                        "filename": name,
                        "size": len(self._zip(job)),
                        "url": f"{self.base}/files/{job['job_id']}/{name.rpartition('/')[2]}",
                        "s3": {"bucket": "content", "key": f"{job['job_id']}/{name}"},
                    }
                ],
                "logs": [],
                "processing_times": [836.557],
            }
        return job

    def _file(self, path: str) -> Answer:
        job = next((job for job in self.jobs if job["job_id"] == path.split("/")[2]), None)
        if job is None or str(job.get("expiration_time", "")) < datetime.now(UTC).isoformat():
            return Answer(403, EXPIRED_LINK, {"Content-Type": "application/xml"})
        body = self._zip(job)
        return Answer(200, body, {"Content-Type": "application/zip", **self.validators(body)})

    def _product(self, job: Mapping[str, Any]) -> str:
        first, second = dates_of(job)
        code = hashlib.md5(str(job["job_id"]).encode()).hexdigest()[:4].upper()
        pixel = {"20x4": 80, "10x2": 40, "5x1": 20}[job["job_parameters"]["looks"]]
        if job["job_type"] == "INSAR_GAMMA":
            days = (date.fromisoformat(second) - date.fromisoformat(first)).days
            one, other = (granule[17:32] for granule in job["job_parameters"]["granules"])
            mask = "w" if job["job_parameters"]["apply_water_mask"] else "u"
            return f"S1AA_{one}_{other}_VVP{days:03d}_INT{pixel}_G_{mask}eF_{code}"
        granules, layer = granules_by_date(job)[0], all_granules(job)[0].split("_")[4]
        bursts = sorted(granule.split("_")[1:3] for granule in granules)
        if job["job_type"] == "INSAR_ISCE_BURST" and not self.names_of_one:
            return f"S1_{'_'.join(bursts[0])}_{first}_{second}_{layer}_INT{pixel}_{code}"
        swaths = [sorted(number for number, swath in bursts if swath == f"IW{k}") for k in (1, 2, 3)]
        parts = "-".join(f"{(found or ['000000'])[0]}s{k}n{len(found):02d}" for k, found in enumerate(swaths, 1))
        track = self.flight[0] if self.flight else 64
        return f"S1_{track:03d}_{parts}_IW_{first}_{second}_{layer}_INT{pixel}_{code}"

    def _zip(self, job: Mapping[str, Any]) -> bytes:
        if (pair := pair_of(job)) in self.zips:
            return self.zips[pair]
        if job["job_id"] not in self._made:
            self._made[job["job_id"]] = zipped(self._files(job, self._product(job)))
        return self._made[job["job_id"]]

    def _files(self, job: Mapping[str, Any], name: str) -> dict[str, bytes]:
        first, second = dates_of(job)
        parameters = job["job_parameters"]
        tags = ["unw_phase", "corr", "dem", "lv_theta", "lv_phi"]
        if job["job_type"] != "INSAR_ISCE_MULTI_BURST" or parameters["apply_water_mask"]:  # those bring it only if asked
            tags.append("water_mask")
        if job["job_type"] == "INSAR_GAMMA":
            tags = [
                tag
                for tag in tags
                if not (tag == "dem" and not parameters["include_dem"])
                and not (tag.startswith("lv_") and not parameters["include_look_vectors"])
            ]
        if self.scene is None:
            lists = (", ".join(part) for part in granules_by_date(job))
            text = "Reference Granule: {}\nSecondary Granule: {}\nBaseline: 1\n".format(*lists)
            files = {f"{tag}.tif": b"not empty" for tag in tags} | {"": self.texts.get(pair_of(job), text).encode()}
        else:
            days = {f"{day:%Y%m%d}": k for k, day in enumerate(self.scene.dates)}
            with tempfile.TemporaryDirectory() as folder:
                write_product(self.scene, days[first], days[second], Path(folder), name)
                files = {
                    path.name.removeprefix(f"{name}_").removeprefix(f"{name}."): path.read_bytes()
                    for path in Path(folder).iterdir()
                }
            files = {key: body for key, body in files.items() if not key.endswith(".tif") or key.removesuffix(".tif") in tags}
            text = files.pop("txt").decode()
            said = dict(zip(("Reference Granule", "Secondary Granule"), map(", ".join, granules_by_date(job)), strict=True))
            if self.flight:
                track, direction = self.flight
                said |= {"Reference Pass Direction": direction, "Secondary Pass Direction": direction}
                said |= {"Reference Orbit Number": str(track + 72 + 175 * 200)}  # of Sentinel-1A
            for key, value in said.items():
                text = re.sub(rf"{key}: .*", f"{key}: {value}", text)
            if job["job_type"] != "INSAR_GAMMA":  # more layers
                text += "Radar n lines: 377\n"
                files["conncomp.tif"] = files["corr.tif"]
            files.pop("README.md.txt", None)
            files[""] = text.encode()
        files["README.md.txt"] = README.format(year=second[:4]).encode()
        places = {key: f"{name}/{name}_{key}" if key.endswith((".tif", ".txt")) else f"{name}/{name}.txt" for key in files}
        return {places[key]: body for key, body in files.items()}


def problem(status: int, detail: str) -> Answer:
    """A refusal in the service's own form."""
    body = {"status": status, "detail": detail, "title": "refused", "type": "about:blank"}
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/problem+json"})


def valid(job: Mapping[str, Any]) -> bool:
    """The schema of a new job."""
    kind, parameters = job.get("job_type"), job.get("job_parameters", {})
    if kind not in DEFAULTS or set(job) - {"job_type", "job_parameters", "name"} or not 1 <= len(job.get("name", "x")) <= 100:
        return False
    lists = ("reference", "secondary") if kind == "INSAR_ISCE_MULTI_BURST" else ("granules",)
    pattern = SCENE if kind == "INSAR_GAMMA" else BURST
    return (
        set(lists) <= set(parameters) <= {*lists, *DEFAULTS[kind]}
        and all(re.fullmatch(pattern, granule) for name in lists for granule in parameters[name])
        and (lists[0] != "granules" or len(parameters["granules"]) == 2)
        and parameters.get("looks", "20x4") in (("20x4", "10x2") if kind == "INSAR_GAMMA" else ("20x4", "10x2", "5x1"))
        and 0 <= parameters.get("phase_filter_parameter", 0) <= 1
    )


def wrong_bursts(job: Mapping[str, Any]) -> str:
    """What the service says of bursts that do not go together, or "".

    A pair of single bursts may be given in any order; of several, the reference must be older.
    """
    if job["job_type"] == "INSAR_GAMMA":
        return ""
    first, second = ([granule.split("_") for granule in part] for part in granules_by_date(job))
    if not 1 <= len(first) <= 15 or len(first) != len(second):
        return "Must provide the same number of reference and secondary scenes, 1 to 15"
    if {(part[1], part[2], part[4]) for part in first} != {(part[1], part[2], part[4]) for part in second}:
        return "Burst number + swath + polarization identifiers must be the same for reference scenes and secondary scenes"
    if max(part[3] for part in first) >= min(part[3] for part in second):
        return "Reference scenes must be older than secondary scenes"
    return ""


def all_granules(job: Mapping[str, Any]) -> list[str]:
    return [granule for part in granules_by_date(job) for granule in part]


def granules_by_date(job: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    parameters = job["job_parameters"]
    if "granules" in parameters:
        return [parameters["granules"][0]], [parameters["granules"][1]]
    return parameters["reference"], parameters["secondary"]


def dates_of(job: Mapping[str, Any]) -> tuple[str, str]:
    first, second = (re.search(r"_(\d{8})T", part[0]) for part in granules_by_date(job))
    assert first is not None
    assert second is not None
    return first[1], second[1]


def pair_of(job: Mapping[str, Any]) -> str:
    return "_".join(dates_of(job))


def price(job: Mapping[str, Any]) -> float:
    """Credits of a job by the service's table."""
    parameters = DEFAULTS[job["job_type"]] | job["job_parameters"]
    entry = COSTS[job["job_type"]]
    found: Any = entry.get("cost_table", entry.get("cost"))
    for name in entry.get("cost_parameters", ()):
        value = parameters[name]
        found = found[str(len(value)) if isinstance(value, list) else value]
    return float(found)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return whole.getvalue()
