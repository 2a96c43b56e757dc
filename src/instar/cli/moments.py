"""Times on the command line."""

from __future__ import annotations

import click


class When(click.ParamType):  # type: ignore[type-arg]
    """A time such as 2026-11-20, 2026-11-20T10:00 or today, in UTC; its first microsecond."""

    name = "time"

    def convert(self, value: str, _: click.Parameter | None, __: click.Context | None) -> int:
        from instar.store.find.moments import stretch

        try:
            return stretch(value)[0]
        except ValueError:
            self.fail(f"{value!r} is no time such as 2026-11-20, 2026-11-20T10:00, or today (all in UTC)")
