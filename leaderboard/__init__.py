"""The leaderboard: pages, an API and charts over the catalogue, without torch; see :mod:`leaderboard.app`."""
