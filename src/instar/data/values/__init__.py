"""How cells are read: texts, series, amounts; and the definitions that summaries, operators and steps share."""
