"""Datasets: versions, their chunks and manifests, importing and erasing."""
