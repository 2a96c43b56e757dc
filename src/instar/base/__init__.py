"""Values and errors under everything: ids, digests, schema, the merge protocol, settings. No I/O, no ML."""
