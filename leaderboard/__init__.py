"""The leaderboard: pages, an API and charts over the catalogue, without torch. Made by ``leaderboard.app.create_app``."""
