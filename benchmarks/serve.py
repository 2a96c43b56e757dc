"""Serving, beside FastAPI on uvicorn (uvloop, httptools) with an ``async def`` endpoint, pydantic and a token check.

(a) digits: logistic regression on 64 numbers.
(b) films: logistic regression on text, categories and numbers with nulls, by the preparation of the tour; the peer has
    the equivalent scikit-learn pipeline on a pandas frame of one row.

One-row JSON requests of 512 distinct rows, from wrk in a process of its own (a small Python client where there is no
wrk), the same bytes to both servers. On our side nothing is switched off: token, validation, policy, id and journal;
there is no cache. Each round measures every server once.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.figures import Sample, compare, peer_missing, percentile, print_machine, print_table, verdict

SECONDS = 3
ROUNDS = 5
BUSY = 64  # connections
ROWS = 512
LUA = """
local bodies = {%s}
local requests = {}
local at = 0
init = function()
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer %s"
  for place, body in ipairs(bodies) do requests[place] = wrk.format(nil, nil, nil, body) end
end
request = function() at = at %% #requests + 1; return requests[at] end
done = function(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format("RESULT %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failed + summary.errors.status))
end
"""


@dataclass(frozen=True)
class Load:
    """What one run of the load saw. rate : answers a second;  p50, p99 : milliseconds;  failed : not answered by 200"""

    rate: float
    p50: float
    p99: float
    failed: int


@dataclass(frozen=True)
class Target:
    """Where requests go. bodies : of the requests, in turn"""

    url: str
    token: str
    bodies: Sequence[bytes]

    def load(self, connections: int, folder: Path) -> Load:
        """Closed loop for SECONDS, from another process."""
        if shutil.which("wrk"):
            script = folder / "load.lua"
            quoted = ", ".join(f"[==[{body.decode()}]==]" for body in self.bodies)
            script.write_text(LUA % (quoted, self.token))
            command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", str(script), self.url]
        else:
            told = folder / "load.json"
            told.write_text(json.dumps([self.url, self.token, [body.decode() for body in self.bodies], connections]))
            command = [sys.executable, "-m", "benchmarks.serve", "load", str(told)]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        requests, micros, p50, p99, failed = map(int, output.partition("RESULT ")[2].split())
        return Load(requests / micros * 1e6, p50 / 1000, p99 / 1000, failed)

    def ask(self, body: bytes) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(self.url, body, headers)) as response:
            answer: dict[str, Any] = json.load(response)
            return answer


# the data and the models


def digits() -> tuple[Any, Any]:
    """(frame of 64 columns, labels)"""
    import polars as pl
    from sklearn.datasets import load_digits

    values, labels = load_digits(return_X_y=True)
    return pl.DataFrame(values, schema=[f"p{place}" for place in range(64)]), labels


def films() -> Any:
    """The films with a score: Runtime, Year, Genre, Title, and whether Meter is above its median."""
    import sqlite3

    import bokeh_sampledata
    import polars as pl

    path = Path(bokeh_sampledata.__file__).parent / "_data" / "movies.db"
    with sqlite3.connect(path) as base:
        cursor = base.execute(
            "select Runtime, omdb.Year, Genre, Title, Meter from omdb join tomatoes using (ID) where Meter is not null"
        )
        names = [column[0] for column in cursor.description]
        frame = pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None)
    frame = frame.with_columns(pl.col("Runtime").cast(pl.Float64), pl.col("Year").cast(pl.Int64))
    return frame.with_columns((pl.col("Meter") > pl.col("Meter").median()).alias("good")).drop("Meter")


FEATURES = ["Runtime", "Year", "Genre", "Title"]


def film_pipeline() -> Any:
    """What the tour's preparation does, in scikit-learn's own words."""
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    genres = CountVectorizer(token_pattern=r"[^,\s][^,]*", binary=True, lowercase=False)
    columns = ColumnTransformer(
        [
            ("runtime", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["Runtime"]),
            ("year", StandardScaler(), ["Year"]),
            ("genre", genres, "Genre"),
            ("title", TfidfVectorizer(max_features=2000), "Title"),
        ]
    )
    return make_pipeline(columns, LogisticRegression(max_iter=2000))


def prepare(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Train, publish and deploy both models, keep the peer's; the rows to ask for."""
    import joblib  # type: ignore[import-untyped]
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    from instar import prep
    from instar.data.preparing.fitting import fit
    from instar.models.registry import publish
    from instar.serve.deployment import deploy
    from instar.serve.policies import Thompson
    from instar.store import open_store

    with open_store(folder / "store") as store:
        numbers, labels = digits()
        regression = LogisticRegression(max_iter=2000).fit(numbers.to_numpy(), labels)
        version = publish(regression, "digits", inputs=numbers, target=("digit", labels), store=store)
        deploy("digits", [version], Thompson(), experimental=True, store=store)

        table = films()
        rows, good = table.select(FEATURES), table["good"].to_numpy()
        preparation = fit(
            [
                prep.Impute("Runtime", strategy="median"),
                prep.MultiHot("Genre", separator=", "),
                prep.TfIdf("Title", terms=2000),
                prep.Standardize("Runtime", "Year"),
            ],
            [rows],
        )
        model = LogisticRegression(max_iter=2000).fit(preparation.matrix(rows), good)
        version = publish(model, "films", inputs=rows, target=("good", good), preparation=preparation, store=store)
        deploy("films", [version], Thompson(), latency_ms=50, experimental=True, store=store)
    frame = pd.DataFrame(rows.to_dict(as_series=False)).fillna({"Genre": "", "Title": ""})
    joblib.dump({"digits": regression, "films": film_pipeline().fit(frame, good)}, folder / "peer.joblib")
    asked = rows[np.random.default_rng(0).choice(rows.height, ROWS, replace=False)]
    return {"digits": numbers[:ROWS].to_dicts(), "films": asked.to_dicts()}


# the peer, in a process of its own


def peer_app(folder: Path) -> Any:
    """FastAPI as its documentation writes it: async endpoints, pydantic models, the token checked by a dependency."""
    import hmac

    import joblib
    import numpy as np
    import pandas as pd
    from fastapi import Depends, FastAPI, Header, HTTPException
    from pydantic import create_model

    token = (folder / "store" / "token").read_text().strip()
    models = joblib.load(folder / "peer.joblib")

    names = [f"p{place}" for place in range(64)]
    fields: dict[str, Any] = dict.fromkeys(names, (float, ...))
    digit = create_model("Digit", **fields)
    ask_digit = create_model("AskDigit", row=(digit, ...))
    typed: dict[str, Any] = {"Runtime": float, "Year": int, "Genre": str, "Title": str}
    nullable: dict[str, Any] = {name: (type | None, ...) for name, type in typed.items()}
    film = create_model("Film", **nullable)
    ask_film = create_model("AskFilm", row=(film, ...))

    async def checked(authorization: str = Header()) -> None:
        if not hmac.compare_digest(authorization, f"Bearer {token}"):
            raise HTTPException(401)

    app = FastAPI(dependencies=[Depends(checked)])

    def answer(scores: Any, classes: Any) -> dict[str, Any]:
        best = int(scores.argmax())
        return {"value": classes[best].item(), "score": float(scores[best])}

    async def predict_digit(asked: Any) -> dict[str, Any]:
        row = np.array([[getattr(asked.row, name) for name in names]])
        return answer(models["digits"].predict_proba(row)[0], models["digits"].classes_)

    async def predict_film(asked: Any) -> dict[str, Any]:
        film = asked.row
        row = {"Runtime": [film.Runtime], "Year": [film.Year], "Genre": [film.Genre or ""], "Title": [film.Title or ""]}
        frame = pd.DataFrame(row).astype({"Runtime": float, "Year": float})
        return answer(models["films"].predict_proba(frame)[0], models["films"].classes_)

    predict_digit.__annotations__["asked"] = ask_digit
    predict_film.__annotations__["asked"] = ask_film
    app.post("/v1/deployments/digits/predict")(predict_digit)
    app.post("/v1/deployments/films/predict")(predict_film)
    return app


def run_peer(folder: Path, port: int) -> None:
    import uvicorn

    app = peer_app(folder)
    uvicorn.run(
        app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def when_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until something answers on ``url``."""
    while process.poll() is None:
        try:
            urllib.request.urlopen(url)
            return
        except urllib.error.HTTPError:
            return  # it answers
        except urllib.error.URLError:
            time.sleep(0.1)
    raise SystemExit(f"the server for {url} ended with {process.returncode}")


# the measurement


class Rounds:
    """Loads of each subject, kept whole while ``compare`` sees their rates."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seen: dict[str, list[Load]] = {}

    def rate(self, name: str, target: Target, connections: int) -> float:
        load = target.load(connections, self._folder)
        if load.failed:
            print(f"{name}: {load.failed} requests failed", file=sys.stderr)
        self.seen.setdefault(name, []).append(load)
        return load.rate

    def sample(self, name: str, what: str) -> Sample:
        """p50 or p99 of the measured rounds (the first one warmed up)."""
        return Sample(tuple(getattr(load, what) for load in self.seen[name][1:]))


def main() -> int:
    print_machine()
    if find_spec("fastapi") is None:
        peer_missing("FastAPI", "`python3 dev.py bench serve` installs it into an environment of its own")
        return 1
    with tempfile.TemporaryDirectory(prefix="instar-bench-") as name:
        folder = Path(name)
        rows = prepare(folder)
        ours, theirs = free_port(), free_port()
        server = subprocess.Popen(
            [sys.executable, "-m", "instar", "serve", "--store", str(folder / "store"), "--port", str(ours)]
        )
        processes = [server]
        try:
            when_ready(f"http://127.0.0.1:{ours}/v1/health", server)
            peer = subprocess.Popen([sys.executable, "-m", "benchmarks.serve", "peer", str(folder), str(theirs)])
            processes.append(peer)
            when_ready(f"http://127.0.0.1:{theirs}/docs", peer)
            measure(folder, rows, ours, theirs)
        finally:
            for process in processes:
                process.terminate()
                process.wait()
    return 0


def measure(folder: Path, rows: dict[str, list[dict[str, Any]]], ours: int, theirs: int) -> None:
    token = (folder / "store" / "token").read_text().strip()
    targets = {
        (side, model): Target(
            f"http://127.0.0.1:{port}/v1/deployments/{model}/predict",
            token,
            [json.dumps({"row": row}, ensure_ascii=False).encode() for row in rows[model]],
        )
        for model in ("digits", "films")
        for side, port in (("instar", ours), ("fastapi", theirs))
    }
    for model in ("digits", "films"):
        print(
            f"{model}: the answers of both agree on {agreement(targets['instar', model], targets['fastapi', model]):.1%}"
        )
    rounds = Rounds(folder)
    subjects = {f"{model} {side}, {BUSY} connections": (targets[side, model], BUSY) for side, model in targets}
    subjects |= {f"films {side}, 1 connection": (targets[side, "films"], 1) for side in ("instar", "fastapi")}
    before = calls(ours, token)
    rates = compare({name: partial(rounds.rate, name, *each) for name, each in subjects.items()}, ROUNDS)
    print_table("requests", rates, "1/s")
    for what in ("p50", "p99"):
        print_table(f"latency, {what}", {name: rounds.sample(name, what) for name in subjects}, "ms")
    print("\nmodel calls of instar, warm-up included:")
    for model, (batches, answers) in calls(ours, token).items():
        batches, answers = batches - before[model][0], answers - before[model][1]
        print(f"  {model}: {answers:,} answers from {batches:,} calls, {answers / batches:.1f} rows a call")
    print()
    for model, times, limit in (("digits", 5, 20), ("films", 15, 50)):
        mine, peer = f"{model} instar, {BUSY} connections", f"{model} fastapi, {BUSY} connections"
        gain = Sample(tuple(a / b for a, b in zip(rates[mine].values, rates[peer].values)))
        verdict(f"{model}, requests/s against FastAPI", gain.median, at_least=times)
        verdict(f"{model}, p99 in ms", rounds.sample(mine, "p99").median, at_most=limit)
    alone = [rounds.sample(f"films {side}, 1 connection", "p50").median for side in ("instar", "fastapi")]
    verdict("films, p50 at one connection against FastAPI", alone[0] / alone[1], at_most=0.5)


def agreement(one: Target, other: Target) -> float:
    """The share of the first 200 rows that both answer alike."""
    return sum(bool(one.ask(body)["value"] == other.ask(body)["value"]) for body in one.bodies[:200]) / 200


def calls(port: int, token: str) -> dict[str, tuple[int, int]]:
    """For each deployment the batches computed and the rows answered."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/deployments", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(asked) as response:
        found = json.load(response)["deployments"]
    return {each["name"]: (each["model_calls"], sum(each["predictions"].values())) for each in found}


# the load where there is no wrk


async def small_load(url: str, token: str, bodies: Sequence[str], connections: int) -> None:
    """Closed loop over raw connections; slower than wrk, the same for both servers."""
    address = url.removeprefix("http://")
    host, _, path = address.partition("/")
    head = (
        f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    )
    requests = [
        f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in (body.encode() for body in bodies)
    ]
    taken: list[float] = []
    failed = 0
    end = time.perf_counter() + SECONDS

    async def client(first: int) -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(*host.split(":"))
        place = first
        while (start := time.perf_counter()) < end:
            writer.write(requests[place % len(requests)])
            place += 1
            answer = await reader.readuntil(b"\r\n\r\n")
            length = answer.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
            await reader.readexactly(int(length))
            taken.append(time.perf_counter() - start)
            failed += not answer.startswith(b"HTTP/1.1 200")
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(client(number * 8) for number in range(connections)))
    micros = (time.perf_counter() - start) * 1e6
    p50, p99 = (percentile(taken, share) * 1e6 for share in (0.5, 0.99))
    print(f"RESULT {len(taken)} {micros:.0f} {p50:.0f} {p99:.0f} {failed}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["peer"]:
        run_peer(Path(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:2] == ["load"]:
        asyncio.run(small_load(*json.loads(Path(sys.argv[2]).read_text())))
    else:
        sys.exit(main())
