"""Dataflows: a graph of activities on tables, its planner, its memo, and the engines that run it."""
