"""The table steps of data preparation, by their names: ``from instar import steps``. Row-wise operators are in ``prep``."""
