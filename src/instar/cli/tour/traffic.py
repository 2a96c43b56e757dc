"""Stage 6: deploy A and B behind one name, serve them, and send requests with feedback over real HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from instar.base.errors import InstarError
from instar.cli.render import Table
from instar.cli.tour.films import Films, Trained
from instar.cli.tour.say import Say, bar
from instar.data.preparing.target import Target
from instar.models.shelf import file_of
from instar.models.version import ModelVersion
from instar.serve.client import Client
from instar.serve.deployment import deploy
from instar.serve.policies import Thompson
from instar.serve.server import PORT
from instar.store import Store

WINDOW = 250
FEATURES = ("Runtime", "Year", "Genre", "Title")
READY_SECONDS = 60
LOG = "server.log"


class ServerFailed(InstarError):
    """The server did not come up."""

    status = 503


@dataclass
class Traffic:
    """What the requests saw. arms : name of the version that answered each;  milliseconds : of each prediction"""

    ids: list[str] = field(default_factory=list)
    arms: list[str] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Serving:
    """A running server. pid : of its process"""

    url: str
    process: subprocess.Popen[str]


@contextmanager
def serving(store: Store, keep: bool) -> Iterator[Serving]:
    """A server in a process of its own; stopped in order at the end unless it is to stay."""
    command = [sys.executable, "-m", "instar", "serve", "--store", store.location]
    command += ["--port", str(PORT if keep else 0)]
    # One that stays must not go on talking to the terminal, or hold the pipe, of a tour that has ended.
    with (store.folder / "tour" / LOG).open("ab") as log:
        errors = log if keep else None
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
            env={**os.environ, **store.environment},
        )
    try:
        yield Serving(_ready(process), process)
    except BaseException:
        keep = False
        raise
    finally:
        if not keep:
            process.terminate()
            process.wait(READY_SECONDS)


def _ready(process: subprocess.Popen[str]) -> str:
    """The address in the server's ready message."""
    assert process.stdout is not None
    for line in process.stdout:
        if "ready on " in line:
            return line.split("ready on ", 1)[1].split(",", 1)[0].strip()
    raise ServerFailed(
        f"the server ended with status {process.wait()} before it was ready; `instar serve` says why, "
        f"or {LOG} in the tour's folder of the store"
    )


def serve_films(
    say: Say,
    films: Films,
    versions: dict[str, ModelVersion],
    trained: list[Trained],
    requests: int,
    seed: int,
    keep: bool,
) -> str:
    """Deploy, serve, ask; the id of one prediction."""
    candidates = [versions["A"], versions["B"]]
    live = deploy("rating", candidates, policy=Thompson(seed=seed), latency_ms=20, store=films.flow.store)
    say.tell(
        f"{live}  {live.id[:8]}: {candidates[0]} and {candidates[1]} by Thompson sampling"
        + ("" if live.new else "  (live already)"),
        deployment=live.id,
        new=live.new,
    )
    rows = _rows(films, trained[0])
    with serving(films.flow.store, keep) as server, Client(server.url, store=films.flow.store) as client:
        traffic = _ask(say, client, rows, requests, seed)
        doc = client.deployment("rating")
        if keep:
            say.tell(
                f"the server stays at {server.url}, process {server.process.pid}; `kill {server.process.pid}` stops it",
                f"what it says goes to {films.flow.store.folder / 'tour' / LOG}",
            )
    _tell(say, traffic, doc, versions, trained)
    return traffic.ids[-1]


def _rows(films: Films, judged: Trained) -> pl.DataFrame:
    """The unseen films with a Meter, and whether it is above A's threshold."""
    unseen = films.flow.run(want={"unseen": films.unseen}, name="requests")["unseen"]
    model = judged.result["model"]
    data = file_of(model.store, model.activity, "target.json")
    assert data is not None
    truth = Target.from_bytes(data).of(unseen)
    rows: pl.DataFrame = unseen.select(FEATURES).with_columns(truth.alias("truth")).drop_nulls("truth")
    return rows


def _ask(say: Say, client: Client, rows: pl.DataFrame, requests: int, seed: int) -> Traffic:
    """One request after another, each followed by what turned out to be true."""
    drawn = np.random.default_rng(seed).integers(0, rows.height, requests)
    traffic = Traffic()
    started = time.perf_counter()
    with say.progress("requests") as progress:
        for done, row in enumerate(rows[drawn].iter_rows(named=True), 1):
            truth = row.pop("truth")
            asked = time.perf_counter()
            answer = client.predict("rating", row, {"region": "US"})
            traffic.milliseconds.append(1000 * (time.perf_counter() - asked))
            client.feedback(answer["id"], value=truth)
            traffic.ids.append(answer["id"])
            traffic.arms.append(answer["version"])
            traffic.right.append(answer["value"] == truth)
            progress(done, requests)
    traffic.seconds = time.perf_counter() - started
    return traffic


def _tell(
    say: Say, traffic: Traffic, doc: dict[str, Any], versions: dict[str, ModelVersion], trained: list[Trained]
) -> None:
    accuracy = {each.letter: each.result["report"].accuracy.value for each in trained}
    gap = accuracy["A"] - accuracy["B"]
    is_a = np.array([arm in (str(versions["A"]), versions["A"].id) for arm in traffic.arms])
    right, times = np.array(traffic.right), np.array(traffic.milliseconds)
    regret = float((~is_a).sum() * gap)
    windows = [
        (
            f"{at + 1}-{at + len(part)}",
            f"{part.mean():.0%}",
            bar(part.mean()),
            f"{right[at : at + len(part)].mean():.1%}",
        )
        for at in range(0, len(is_a), WINDOW)
        for part in [is_a[at : at + WINDOW]]
    ]
    means: dict[str, float] = next(iter(doc["rewards"].values()), {})
    median, high = np.quantile(times, [0.5, 0.99])
    per_second = len(times) / traffic.seconds
    say.tell(
        f"accuracy on the unseen side: A {accuracy['A']:.1%}, B {accuracy['B']:.1%}; the gap is {gap:.1%}",
        Table(("requests", "to A", "", "right answers"), windows),
        "posterior means: " + ", ".join(f"{name} {mean:.3f}" for name, mean in means.items()),
        f"regret: {regret:.1f} right answers lost against always A; choosing by a coin would lose {len(is_a) * gap / 2:.1f}",
        f"{per_second:,.0f} requests with feedback a second on one connection; "
        f"a prediction takes {median:.2f} ms in the median, {high:.2f} ms at 99 %",
        requests=len(times),
        gap=gap,
        share_of_a=float(is_a.mean()),
        last_window=float(is_a[-WINDOW:].mean()),
        posterior_means=means,
        regret=regret,
        per_second=per_second,
        p50_ms=float(median),
        p99_ms=float(high),
    )
