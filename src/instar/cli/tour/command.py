"""The command: its options, and the stages in order."""

from __future__ import annotations

import time

import click

from instar.base.errors import InstarError
from instar.cli.shell import Shell, command


class TourFailed(InstarError):
    """The tour ended in a state that it should not."""


@command("tour", example="instar tour")
@click.option("--requests", type=click.IntRange(min=1), default=2000, show_default=True, help="How many to serve.")
@click.option("--seed", type=int, default=7, show_default=True, help="Of the requests and of the policy.")
@click.option("--keep-serving", is_flag=True, help="Leave the server running.")
def tour(shell: Shell, requests: int, seed: int, keep_serving: bool) -> None:
    """Go through the whole life cycle on real data, in about a minute.

    Two dirty tables of films are imported, prepared, and used to train three models. Two are approved and served over
    HTTP, one is refused for a leak. Then one answer is followed down to the source file, and all is pushed to a second
    store. Run it again: what is known is not done again. The store is an ordinary one, open to all other commands.
    """
    started = time.perf_counter()
    from instar.cli.tour import approve, films, share, story, traffic
    from instar.cli.tour.say import Say
    from instar.store.keeping.check import check

    store = shell.new_store
    say = Say(quiet=shell.as_json)
    with say.stage("data", "import two tables of films, and look at them"):
        versions = films.import_films(say, store)
    graph = films.Films.build(store, *versions)
    with say.stage("prepare", "join, type, split; fit a preparation on the seen side"):
        films.prepare(say, graph)
    with say.stage("train", "three models, each a tracked run"):
        trained = films.train(say, graph)
    with say.stage("evaluate", "on films that A and B have not seen"):
        approve.evaluate(say, trained, store.folder / "tour")
    with say.stage("homologate", "the gate, and signatures"):
        models = approve.homologate(say, store, trained)
    with say.stage("serve", f"A and B behind one name, {requests:,} requests with feedback over HTTP"):
        prediction = traffic.serve_films(say, graph, models, trained, requests, seed, keep_serving)
    with say.stage("why", "from an answer to the file, from the file to the deployment"):
        story.explain(say, shell, prediction)
    with say.stage("find", "the logistic regression of today that uses Genre"):
        story.find(say, shell, models["A"])
    with say.stage("share", "push it all to a second store, and doubt a file there"):
        share.share(say, shell, models["A"])
    with say.stage("check", "is everything what it says it is?"):
        findings = check(store)
        say.tell(
            f"$ instar check: {findings.nodes:,} nodes, {findings.edges:,} edges, {findings.blobs:,} blobs; "
            + ("clean" if findings.clean else "; ".join(findings.problems)),
            clean=findings.clean,
        )
    seconds = time.perf_counter() - started
    shell.answer(
        {"store": store.location, "seconds": round(seconds, 1), "stages": say.figures},
        "",
        f"The whole cycle took {seconds:.0f} s. Everything is in {store.location}; try:",
        "  instar models list",
        "  instar runs list",
        "  instar data show omdb",
        "  instar serve          (then `curl 127.0.0.1:7071/v1/health` in another terminal)",
    )
    if not findings.clean:
        raise TourFailed("the store has problems after the tour; `instar check` lists them")
