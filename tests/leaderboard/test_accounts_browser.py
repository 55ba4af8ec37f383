"""Signing in, the account and the admin pages in Chromium: with a provider, without scripts, on a phone."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn
from oidc_provider import CLIENT_ID, CLIENT_SECRET, running_provider
from optional import need
from signed_in import link_for
from sqlalchemy import Engine

from leaderboard.app import create_app
from leaderboard.listening import listen
from leaderboard.providers import Provider
from leaderboard.settings import SiteSettings
from registry import moderation
from registry.accounts import create_account
from registry.db.session import session_scope

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
MODEL = "ac-dc/resnet50/0.90"


@pytest.fixture
def site(own_engine: Engine) -> Iterator[str]:
    with listen(SiteSettings(port=0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with running_provider(f"{address}/sign-in/done/test") as issuer:
            provider = Provider(
                name="test", title="Test", issuer=issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
            )
            app = create_app(own_engine, SiteSettings(base_url=address, providers={"test": provider}))
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
            thread.start()
            yield address
            server.should_exit = True
            thread.join(timeout=20)


@pytest.fixture
def phone() -> Iterator["Page"]:
    """A dark phone without scripts."""
    need("browser", CHROMIUM.exists())
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        context = browser.new_context(
            viewport={"width": 360, "height": 760}, color_scheme="dark", java_script_enabled=False
        )
        yield context.new_page()
        browser.close()


def test_the_whole_way_on_a_phone_without_scripts(site: str, own_engine: Engine, phone: "Page") -> None:
    complaints: list[str] = []
    phone.on("console", lambda message: complaints.append(message.text))
    phone.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))

    def fits() -> None:
        beyond = phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert beyond <= 0, f"{phone.url} is {beyond} pixels too wide"
        assert phone.locator("h1").count() == 1

    phone.goto(f"{site}/flag?kind=model&name={MODEL}")
    assert "/sign-in?next=" in phone.url
    fits()
    phone.get_by_role("link", name="Sign in with Test").click()
    phone.get_by_label("Name").fill("grace")
    phone.get_by_role("button", name="Go on").click()
    assert "/flag?" in phone.url
    fits()
    phone.get_by_label("What is wrong with it?").fill("the weights are somebody else's")
    phone.get_by_role("button", name="Report it").click()
    assert "Thank you" in phone.locator("h1").inner_text()
    phone.get_by_role("link", name="grace").click()
    phone.get_by_label("What it is for").fill("laptop")
    phone.get_by_role("button", name="Make it").click()
    assert phone.get_by_text("It is not shown again").is_visible()
    fits()
    phone.get_by_role("button", name="Revoke").click()
    assert phone.get_by_text("No token is good now").is_visible()
    phone.get_by_role("button", name="Sign out").click()
    assert phone.get_by_role("link", name="Sign in").is_visible()

    phone.goto(f"{site}/sign-in/link?key={link_for(own_engine, 'root', 'admin')}")
    fits()
    phone.get_by_role("button", name="Sign in as root").click()
    phone.get_by_role("link", name="Moderation").click()
    assert "1 report waits" in phone.locator("h1").inner_text()
    fits()
    phone.get_by_label("Your reason").first.fill("theirs it is")
    phone.get_by_role("button", name="Hide it").first.click()
    assert "Nothing waits" in phone.locator("h1").inner_text()
    fits()
    phone.get_by_role("link", name="Audit log").click()
    assert phone.get_by_text("theirs it is").is_visible()
    fits()
    phone.goto(f"{site}/admin/accounts")
    fits()
    phone.get_by_label("Role of grace").select_option("moderator")
    phone.get_by_role("button", name="Change").first.click()
    assert phone.get_by_label("Role of grace").input_value() == "moderator"
    assert complaints == []


@pytest.mark.slow
def test_the_pages_are_quiet_with_scripts_on_a_wide_screen(site: str, own_engine: Engine) -> None:
    need("browser", CHROMIUM.exists())
    from playwright.sync_api import sync_playwright

    with session_scope(own_engine, write=True) as session:
        eve = create_account(session, "eve")
        moderation.flag(session, "model", MODEL, eve, "a copy")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
        page.goto(f"{site}/sign-in/link?key={link_for(own_engine, 'root', 'admin')}")
        page.get_by_role("button", name="Sign in as root").click()
        for path in ("/account", "/admin", "/admin/audit", "/admin/accounts", f"/flag?kind=model&name={MODEL}", "/"):
            page.goto(site + path, wait_until="load")
            assert page.locator("h1").count() == 1, path
            assert page.evaluate("document.documentElement.scrollWidth") <= 1280, path
        assert complaints == []
        browser.close()
