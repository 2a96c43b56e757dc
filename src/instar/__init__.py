"""Instar: the whole machine-learning life cycle in one package."""
