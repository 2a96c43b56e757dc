"""The parts of the benchmark ``prep``: a module each, with ``run(small)`` that prints a table and verdicts."""
