"""Trained models: their signature, formats, bundle, evaluation, registry, gate and signatures.

Nothing here calls a dataflow: the gate judges from what is recorded. Estimator libraries are imported when one is used.
"""
