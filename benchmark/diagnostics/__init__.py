"""Looks inside a model that are no score: they explain numbers and rank nobody."""
