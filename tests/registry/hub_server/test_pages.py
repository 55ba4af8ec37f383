"""The two pages for people: what they show, that nothing stored runs on them, and that they fit a phone."""

import re
import shutil
from pathlib import Path

import pytest
from hub_requests import commit, inline, large, upload
from huggingface_hub import HfApi
from optional import need
from raw_http import Answer, RawClient

from registry.hub_server.embedded import EmbeddedHub
from registry.hub_server.pages import size_text

EVIL = "<script>alert(1)</script>"


def page(raw: RawClient, path: str, token: str | None = None) -> Answer:
    return raw("GET", path, token=token)


def text(answer: Answer) -> str:
    return answer.body.decode()


def test_the_list(alice: HfApi, raw: RawClient, repo: str) -> None:
    alice.create_repo("alice/pages-set", repo_type="dataset")
    shown = page(raw, "/")
    assert (shown.status, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f'href="{raw.endpoint}/{repo}">{repo}</a>' in text(shown)
    assert f'href="{raw.endpoint}/datasets/alice/pages-set"' in text(shown)
    assert repo not in text(page(raw, "/?q=pages-set"))
    assert "No public repository has" in text(page(raw, "/?q=zzz"))
    alice.delete_repo("alice/pages-set", repo_type="dataset")


def test_private_repositories_are_for_those_who_may_see_them(alice: HfApi, raw: RawClient, repo: str) -> None:
    alice.update_repo_settings(repo, private=True)
    assert repo not in text(page(raw, "/"))
    assert page(raw, f"/{repo}").status == 401
    assert repo in text(page(raw, "/", token=raw.token))
    assert page(raw, f"/{repo}", token=raw.token).status == 200


def test_a_repository(alice: HfApi, raw: RawClient, repo: str) -> None:
    first = raw("GET", f"/api/models/{repo}").json["sha"]
    card = b"---\nlicense: mit\n---\n# Title & more\n"
    commit(raw, repo, inline("README.md", card), large("w.bin", upload(raw, repo, b"\0" * 2_500_000)), summary="Files")
    alice.create_tag(repo, tag="v1")
    shown = text(page(raw, f"/{repo}"))
    for expected in (
        "# Title &amp; more", "2.5 MB", "license:mit", "Files", "initial commit", f"hf download {repo}",
        f'href="{raw.endpoint}/{repo}/resolve/main/w.bin"', f'href="{raw.endpoint}/{repo}?revision=v1"',
    ):  # fmt: skip
        assert expected in shown
    old = text(page(raw, f"/{repo}?revision={first}"))
    assert "w.bin" not in old
    assert page(raw, f"/{repo}?revision=never").headers["x-error-code"] == "RevisionNotFound"
    assert raw("HEAD", f"/{repo}").status == 200


def test_every_link_leads_somewhere(alice: HfApi, raw: RawClient, repo: str) -> None:
    commit(raw, repo, inline("a b/é#?%.txt", b"odd"), inline("README.md", b"x"))
    alice.create_branch(repo, branch="dev/x")
    links = set(re.findall(r'href="([^"]+)"', text(page(raw, f"/{repo}"))))
    assert len(links) == 8  # home, three files, two commits, two branches
    assert {raw("GET", link.replace("&amp;", "&")).status for link in links if link != raw.endpoint} == {200}


def test_a_gated_repository_says_how_to_ask(alice: HfApi, raw: RawClient, repo: str) -> None:
    commit(raw, repo, inline("README.md", b"the secret card"))
    alice.update_repo_settings(repo, gated="manual")
    shown = text(page(raw, f"/{repo}"))
    assert f"{raw.endpoint}/{repo}/ask-access" in shown
    assert "the secret card" not in shown


def test_nothing_stored_is_markup(raw: RawClient, repo: str) -> None:
    commit(
        raw, repo, inline("README.md", EVIL.encode()), inline("<img src=x onerror=alert(1)>.txt"),
        inline('".txt'), summary=EVIL,
    )  # fmt: skip
    raw("POST", f"/api/models/{repo}/tag/main", {"tag": "<b>"})
    for answer in (page(raw, f"/{repo}"), page(raw, f"/?q={EVIL}")):
        shown = text(answer)
        assert "<script" not in shown
        assert "<img" not in shown
        assert "<b>" not in shown
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert "script-src" not in policy


@pytest.mark.parametrize("path", ["/?cursor=x", "/?q=%00", "/alice/a%00", "/alice/never-made", "/nobody"])
def test_odd_addresses(raw: RawClient, path: str) -> None:
    assert page(raw, path).status in (400, 401, 404)


def test_more_than_a_page_of_repositories(tmp_path: Path) -> None:
    with EmbeddedHub(tmp_path) as hub:
        raw = RawClient(hub.endpoint, hub.token_for("alice"))
        for number in range(103):
            raw("POST", "/api/repos/create", {"name": f"n{number}", "type": ("model", "dataset")[number % 2]})
        first = text(page(raw, "/?q=n"))
        rest = text(page(raw, re.findall(r'href="([^"]+cursor[^"]+)"', first)[0].replace("&amp;", "&")))
        found = [re.findall(r">alice/(n\d+)<", shown) for shown in (first, rest)]
        assert found[0] + found[1] == [f"n{number}" for number in range(102, -1, -1)]
        assert len(found[0]) == 100


def test_sizes() -> None:
    assert [size_text(size) for size in (0, 999, 1000, 999_949, 999_950, 5 * 10**12)] == [
        "0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "5.0 TB",
    ]  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it(alice: HfApi, raw: RawClient, repo: str, scheme: str) -> None:
    """At 360 px nothing is wider than the screen, and the style sheet passes its own policy in both schemes."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    need("browser", chromium is not None, "Chromium")
    commit(raw, repo, inline("README.md", b"word " * 50 + b"x" * 300), inline("f" * 90 + "/" + "g" * 90 + ".txt"))
    problems: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 360, "height": 700}, color_scheme=scheme)  # type: ignore[arg-type]
        view.on("console", lambda message: problems.append(message.text))
        for path in ("/", f"/{repo}"):
            view.goto(raw.endpoint + path)
            assert view.evaluate("document.documentElement.scrollWidth") == 360
            ground = view.evaluate("getComputedStyle(document.body).backgroundColor")
            assert ground == {"light": "rgb(251, 251, 249)", "dark": "rgb(21, 23, 26)"}[scheme]
        browser.close()
    assert [problem for problem in problems if "favicon" not in problem] == []
