"""``instar up``: the store, and what is live, for others."""

from __future__ import annotations

import errno
from functools import partial
from typing import TYPE_CHECKING

import click

from instar.cli.serve import CannotListen
from instar.cli.shell import Shell, command, to_json

if TYPE_CHECKING:
    from instar.web.server import WebServer


@command(
    "up",
    example="instar up --port 7070",
    exits="Exit status: 0 stopped in order, 1 it could not start (the reason is named), 2 wrong usage.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Any other address requires tokens.")
@click.option("--port", type=click.IntRange(0, 65_535), default=7070, show_default=True, help="0 takes a free one.")
@click.option("--serve-port", type=click.IntRange(0, 65_535), default=7071, show_default=True, help="For predictions.")
@click.option("--no-serve", is_flag=True, help="Only the store: nothing that is live answers.")
@click.option("--no-token", is_flag=True, help="Let everyone on this machine in.")
@click.option("--allow-host", "allow_hosts", multiple=True, help="Another name this server is called by.")
@click.option("--most-body", type=click.IntRange(min=1), metavar="BYTES", help="The longest request that is read.")
def up(
    shell: Shell,
    host: str,
    port: int,
    serve_port: int,
    no_serve: bool,
    no_token: bool,
    allow_hosts: tuple[str, ...],
    most_body: int | None,
) -> None:
    """Give the store to others over HTTP, and serve what is live, until interrupted.

    \b
      the store       http://127.0.0.1:7070   INSTAR_STORE=http://127.0.0.1:7070 uses it
      predictions     http://127.0.0.1:7071   as `instar serve` does

    On this machine your own commands find the server's private token by themselves. From elsewhere
    a token is needed, one of `instar token new`: set INSTAR_TOKEN. The routes: GET /api/v1/openapi.json
    """
    from instar.web.child import DataPlane, DataPlaneFailed
    from instar.web.server import WebServer, serve_store
    from instar.web.wire import MOST_BODY

    store, failures = shell.new_store, list[DataPlaneFailed]()
    try:
        server = WebServer(
            store, host, port, token=not no_token, allow_hosts=allow_hosts, most_body=most_body or MOST_BODY
        )
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
            raise
        raise CannotListen(f"{host}:{port} cannot be listened on ({error.strerror}); choose another --port") from None

    def give_up(error: DataPlaneFailed) -> None:
        failures.append(error)
        server.stop()

    options = ["--project", shell.project, "--host", host, "--port", str(serve_port)]
    options += [word for name in allow_hosts for word in ("--allow-host", name)]
    options += (["--no-token"] if no_token else []) + (["--json"] if shell.as_json else [])
    plane = None if no_serve else DataPlane(store, options, give_up)
    try:
        serve_store(server, partial(say_ready, as_json=shell.as_json))
    finally:
        if plane is not None:
            plane.stop()
    if failures:
        raise failures[0]


def say_ready(server: WebServer, as_json: bool) -> None:
    """The ready message, one line on standard output."""
    if as_json:
        print(to_json({"url": server.url}), flush=True)
    else:
        print(f"instar: store ready on {server.url}, INSTAR_STORE={server.url} uses it", flush=True)
