"""Serving: deployments, policies, the journal, the model host, the batcher and the HTTP data plane."""
