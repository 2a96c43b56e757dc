"""``instar serve``: answer requests."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import click

from instar.base.errors import InstarError
from instar.cli.shell import Shell, command, to_json

if TYPE_CHECKING:
    from instar.serve.server import Server


class CannotListen(InstarError):
    """The address of a server cannot be had."""

    status = 503


@command(
    "serve",
    example="instar serve --port 7071",
    exits="Exit status: 0 stopped in order, 1 it could not start (the reason is named), 2 wrong usage.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Any other address requires tokens.")
@click.option("--port", type=click.IntRange(0, 65_535), default=7071, show_default=True, help="0 takes a free one.")
@click.option("--no-token", is_flag=True, help="Let everyone on this machine in.")
@click.option("--allow-host", "allow_hosts", multiple=True, help="Another name this server is called by.")
@click.option("--most-body", type=click.IntRange(min=1), metavar="BYTES", help="The longest request that is read.")
def serve(
    shell: Shell, host: str, port: int, no_token: bool, allow_hosts: tuple[str, ...], most_body: int | None
) -> None:
    """Serve what is live in the project over HTTP, until interrupted; then requests in flight are answered first.

    \b
      POST /v1/deployments/NAME/predict   {"row": {...}, "context": {...}}
      POST /v1/feedback                   {"id": "...", "value": ...}
      GET  /v1/deployments  /v1/health  /metrics

    Requests carry `Authorization: Bearer TOKEN`: the one in the store's file `token`, or one of `instar token new`.
    """
    from instar.serve.plane import MOST_BODY
    from instar.serve.server import say_ready
    from instar.serve.server import serve as run

    def say_as_json(server: Server) -> None:
        print(to_json({"url": server.url, "deployments": sorted(server.plane.served)}), flush=True)

    try:
        run(
            shell.store,
            shell.project,
            host,
            port,
            token=not no_token,
            allow_hosts=allow_hosts,
            most_body=most_body or MOST_BODY,
            ready=say_as_json if shell.as_json else say_ready,
        )
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
            raise
        raise CannotListen(f"{host}:{port} cannot be listened on ({error.strerror}); choose another --port") from None
