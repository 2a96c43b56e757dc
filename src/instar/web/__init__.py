"""The control plane: the store over HTTP."""
