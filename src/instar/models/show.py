"""Evidence for terminals. It says the same without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from instar.models.evidence import Evidence

_STYLES = {"passed": ("✓ passed", "green"), "failed": ("✗ failed", "bold red"), "unknown": ("? unknown", "yellow")}


def evidence_table(version: str, digest: str, found: Evidence) -> RenderableType:
    """A line for each check, then what a person does next."""
    table = Table(title=f"Homologation of {version}", title_justify="left", title_style="bold", show_lines=True)
    table.add_column("check", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("evidence", overflow="fold")
    for check in found.checks:
        word, style = _STYLES[check.verdict]
        figures = f"\nfigures: {', '.join(sorted(check.figures))}" if check.figures else ""
        table.add_row(check.name, Text(word, style), Text(check.text + figures))
    scope = ", ".join(f"{key} {value}" for key, value in found.scope.items()) or "any context"
    return Group(
        table, Text(f"evidence {digest[:12]}, {found.judged}, asked for {scope}\nnext: {_next(version, found)}", "dim")
    )


def _next(version: str, found: Evidence) -> str:
    verdicts = {check.verdict for check in found.checks}
    if "failed" in verdicts:
        return "what failed cannot be signed away; train a version that passes"
    if unknown := [check.name for check in found.checks if check.verdict == "unknown"]:
        return f"who accepts what is unknown signs it by name: instar sign {version} " + " ".join(
            f"--except {name}" for name in unknown
        )
    return f"instar sign {version}"
