"""The rules that Instar brings: (language, text, what it answers) by name."""

from __future__ import annotations

_ABOVE = (
    "WITH RECURSIVE above(model, seq) AS (SELECT n.seq, n.seq FROM node n WHERE n.kind = 'model_version' "
    "UNION SELECT above.model, link.dst FROM above JOIN link ON link.src = above.seq) "
)
SHIPPED: dict[str, tuple[str, str, str]] = {
    "live-deployments-that-depend-on": (
        "find",
        "deployment live:yes from::x",
        "The deployments that are served now and came from x, whatever x is.",
    ),
    "models-without-complete-ancestry": (
        "sql",
        _ABOVE + "SELECT n.id, n.name, n.project FROM node n WHERE n.kind = 'model_version' AND ("
        # no data at all, as for a script that did not say what it read
        "NOT EXISTS (SELECT 1 FROM above JOIN node s ON s.seq = above.seq "
        "WHERE above.model = n.seq AND s.kind IN ('file', 'chunk', 'dataset_version')) "
        # something that must have been made, and nobody says how
        "OR EXISTS (SELECT 1 FROM above JOIN node s ON s.seq = above.seq WHERE above.model = n.seq "
        "AND s.kind IN ('table', 'state', 'bundle', 'dataset_version', 'model_version') "
        "AND NOT EXISTS (SELECT 1 FROM link WHERE link.src = s.seq AND link.rel = 'generated'))) ORDER BY n.name, n.id",
        "Model versions that reach no data, or something that must have been made and nobody says how.",
    ),
    "unused-datasets": (
        "sql",
        "SELECT n.id, n.name, n.project FROM node n WHERE n.kind = 'dataset_version' AND NOT EXISTS "
        "(SELECT 1 FROM link WHERE link.dst = n.seq AND link.rel IN ('used', 'derived', 'member')) ORDER BY n.name, n.id",
        "Dataset versions that nothing ever read.",
    ),
    "models-covered-by": (
        "sql",
        "SELECT n.id, n.name, n.project FROM node n WHERE n.kind = 'model_version' "
        "AND EXISTS (SELECT 1 FROM feature f WHERE f.node = n.id AND f.role <> 'target') AND NOT EXISTS "
        "(SELECT 1 FROM feature f WHERE f.node = n.id AND f.role <> 'target' AND NOT EXISTS "
        "(SELECT 1 FROM feature d WHERE d.node = :dataset_id AND d.name = f.name)) ORDER BY n.name, n.id",
        "Model versions all of whose features are columns of the dataset, by name.",
    ),
}
