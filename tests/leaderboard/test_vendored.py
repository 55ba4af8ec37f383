"""Scripts of others that the site serves are what their authors published."""

import hashlib
import tomllib
from importlib.resources import files

VENDOR = files("leaderboard").joinpath("static", "vendor")


def test_every_vendored_file_has_its_version_hash_and_licence() -> None:
    listed = tomllib.loads(VENDOR.joinpath("vendored.toml").read_text(encoding="utf-8"))
    scripts = {file.name for file in VENDOR.iterdir() if file.name.endswith(".js")}
    assert scripts == set(listed)
    for name, facts in listed.items():
        assert hashlib.sha256(VENDOR.joinpath(name).read_bytes()).hexdigest() == facts["sha256"]
        assert facts["version"] in name
        assert facts["licence"]
        assert facts["source"].startswith("npm:")
