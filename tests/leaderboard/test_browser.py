"""The site in Debian's Chromium: nothing is loaded from elsewhere, nothing complains, nothing runs off the screen."""

import threading
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
import uvicorn
from optional import need
from sqlalchemy import Engine

from leaderboard.app import create_app
from leaderboard.listening import listen
from leaderboard.settings import SiteSettings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
# The browser itself must be as silent as the site: no updates, no field trials, no probing.
FLAGS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-quic",
]  # fmt: skip
PAGES = (
    "/",
    "/?sparsity=all&sort=-full",
    "/?architecture=all&sparsity=all&density=compact&columns=none,runs,bytes&q=regrowth&rows=3",
    "/?suite=digits-demo",
    "/choose?use=frozen&licence=commercial",
    "/compare",
    "/compare?models=dense/resnet8-digits/0.00-s0&models=gmp/resnet8-digits/0.98-s0",
    "/architectures",
    "/architectures/resnet50",
    "/robustness",
    "/robustness?shift=imagenet-v2-matched-frequency@timm",
    "/explore?architecture=all&x=full",
    "/models",
    "/models?q=resnet50+imagenet.top1%3E0.7+sort%3D-imagenet.top1",
    "/models/ac-dc/resnet50/0.90",
    "/models/gmp/resnet8-digits/0.98-s1",
    "/tasks",
    "/tasks/pets@ist2022",
    "/methods",
    "/methods/rigl",
    "/submit",
    "/status",
    "/about",
    "/api",
)
# One of each type, and short: the whole board takes axe as long as all of these.
AXE_PAGES = (
    "/?rows=3",
    "/choose?use=frozen",
    "/compare?models=dense/resnet8-digits/0.00-s0&models=gmp/resnet8-digits/0.98-s0",
    "/architectures",
    "/architectures/resnet8-digits",
    "/robustness",
    "/explore",
    "/models?q=resnet50+sparsity%3E%3D0.95",
    "/models/ac-dc/resnet50/0.90",
    "/models/gmp/resnet8-digits/0.98-s1",
    "/tasks",
    "/tasks/pets@ist2022",
    "/methods",
    "/methods/rigl",
    "/submit",
    "/sign-in",
    "/status",
    "/about",
    "/api",
    "/models/unknown",
)
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@pytest.fixture(scope="module")
def site(engines: dict[str, Engine]) -> Iterator[str]:
    with listen(SiteSettings(port=0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(create_app(engines["full"]), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield address
        server.should_exit = True
        thread.join(timeout=20)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    need("browser", CHROMIUM.exists())
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield made
        made.close()


def opened(browser: "Browser", *, width: int = 1280, scheme: str = "light", scripts: bool = True) -> "Page":
    """A page of its own that records what went wrong in ``page.complaints``."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
        java_script_enabled=scripts,
    )
    return context.new_page()


def complaints_of(page: "Page", site: str) -> list[str]:
    """A list that fills up with console messages, failed requests and requests to other hosts."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text))
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("requestfailed", lambda request: found.append(f"failed: {request.url}"))
    page.on("request", lambda request: None if request.url.startswith(site) else found.append(request.url))
    return found


def _settled(path: str) -> Literal["networkidle", "load"]:
    """Half a second of silence where leaving early would cancel what still loads: the icon, and the charts' library."""
    return "networkidle" if path == PAGES[0] or path.startswith("/explore") else "load"


@pytest.mark.parametrize(
    "pages", [AXE_PAGES[::9], pytest.param(AXE_PAGES, marks=pytest.mark.slow)], ids=["three", "all"]
)
def test_axe_finds_nothing_serious(browser: "Browser", site: str, pages: tuple[str, ...]) -> None:
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page = opened(browser)
    found = []
    for path in pages:
        page.goto(site + path, wait_until=_settled(path))
        page.evaluate(script)
        for scheme, rules in (("light", None), ("dark", ["color-contrast"])):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            options = {"resultTypes": ["violations"], "runOnly": rules or AXE_TAGS}
            violations = page.evaluate("(options) => axe.run(document, options)", options)["violations"]
            found += [
                (path, scheme, one["id"], [node["target"] for node in one["nodes"]])
                for one in violations
                if one["impact"] in ("serious", "critical")
            ]
        page.emulate_media(color_scheme="light")
    assert found == []
    page.context.close()


@pytest.mark.parametrize(
    ("width", "scheme"), [pytest.param(1480, "light", marks=pytest.mark.slow), (1280, "dark"), (360, "light")]
)
def test_pages_are_quiet_fit_the_screen_and_have_names_for_their_pictures(
    browser: "Browser", site: str, width: int, scheme: str
) -> None:
    page = opened(browser, width=width, scheme=scheme)
    complaints = complaints_of(page, site)
    for path in PAGES:
        page.goto(site + path, wait_until=_settled(path))
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert beyond <= 0, f"{path} is {beyond} pixels wider than {width}"
        assert page.locator("svg[role=img]:not(:has(> title))").count() == 0, path
        assert page.locator("h1").count() == page.locator("html[lang=en]").count() == 1, path
        assert page.locator("a:not([href])").count() == 0, path
    assert complaints == []
    page.context.close()


def test_sorting_and_filtering_work_without_scripts(browser: "Browser", site: str) -> None:
    page = opened(browser, scripts=False)
    page.goto(site)
    page.get_by_role("link", name="80 %").first.click()
    assert "sparsity=0.80" in page.url
    header = page.locator("th[aria-sort]").filter(has_text="Error Δ %").nth(1)
    header.get_by_role("link").first.click()
    assert "sort=full" in page.url
    assert page.locator("tbody th").first.inner_text().startswith("WoodFisher")
    assert page.locator("th[aria-sort='ascending']").count() == 1
    shown = page.locator("table.board").inner_text()
    page.goto(page.url)
    assert page.locator("table.board").inner_text() == shown
    assert page.locator("button.theme").is_hidden()
    page.context.close()


def test_with_scripts_a_sort_swaps_the_board_and_the_address_still_holds_it(browser: "Browser", site: str) -> None:
    page = opened(browser)
    page.goto(site)
    page.evaluate("window.here = 'still'")
    page.locator("#sort-full").click()
    page.wait_for_url("**sort=full")
    page.wait_for_selector("th[aria-sort=ascending] #sort-full")
    assert page.locator("tbody th").first.inner_text().startswith("WoodFisher")
    assert page.evaluate("document.activeElement.id") == "sort-full"
    page.get_by_label("Only").fill("family=regrowth")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**q=family%3Dregrowth**")
    page.wait_for_selector("text=RigL ERK 5x")
    assert page.locator("table.board tbody tr:not(.dense)").count() == 2
    assert page.evaluate("window.here") == "still"
    shown = page.locator("table.board").inner_text()
    page.reload()
    assert page.locator("table.board").inner_text() == shown
    page.go_back()
    page.wait_for_selector("th[aria-sort=ascending] #sort-full")
    assert page.locator("table.board tbody tr:not(.dense)").count() == 6
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_wrong_query_leaves_the_board_and_what_was_typed(browser: "Browser", site: str, *, scripts: bool) -> None:
    page = opened(browser, scripts=scripts)
    page.goto(f"{site}/?sparsity=0.80")
    page.get_by_label("Only").fill("sparsty>1")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_selector("[role=alert] pre")
    assert "^" in page.locator("[role=alert] pre").inner_text().splitlines()[-1]
    assert page.get_by_label("Only").input_value() == "sparsty>1"
    assert page.locator("table.board tbody tr").count() > 2
    page.get_by_label("Only").fill("family=regrowth")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_selector("text=RigL ERK")
    assert page.locator("[role=alert]").count() == 0
    assert "sparsity=0.80" in page.url
    page.context.close()


def test_an_error_within_a_swap_becomes_a_page(browser: "Browser", site: str) -> None:
    page = opened(browser)
    page.goto(site)
    page.evaluate("document.querySelector('form.terms').insertAdjacentHTML('beforeend', '<input name=sort value=no>')")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_selector(".error-code")
    assert page.locator("h1").inner_text() == "That is no view of this board"
    page.context.close()


def test_a_phone_shows_where_in_the_row_of_pages_one_is(browser: "Browser", site: str) -> None:
    page = opened(browser, width=360)
    for path in ("/", "/status", "/about"):
        page.goto(site + path)
        place = page.locator("nav.main [aria-current]").bounding_box()
        assert place is not None
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= 360
    page.context.close()


def test_ticked_models_are_compared_without_scripts(browser: "Browser", site: str) -> None:
    page = opened(browser, scripts=False)
    page.goto(site)
    page.get_by_label("Compare AC/DC 90 %").check()
    page.get_by_label("Compare RigL ERK 5x 90 %").check()
    page.get_by_role("button", name="Compare the ticked ones").click()
    assert page.url.endswith("/compare?models=ac-dc%2Fresnet50%2F0.90&models=rigl-5x%2Fresnet50%2F0.90")
    assert "RigL ERK 5x 90 %" in page.locator("h1").inner_text()
    page.get_by_label("Add", exact=True).fill("dense/resnet50/0.00")
    page.get_by_role("button", name="Add").click()
    assert page.locator("h1").inner_text() == "3 models, side by side."
    page.get_by_label("Leave out ac-dc/resnet50/0.90").click()
    assert "ac-dc" not in page.url
    page.context.close()


def test_explore_draws_its_points_under_the_policy(browser: "Browser", site: str) -> None:
    page = opened(browser)
    page.goto(f"{site}/explore")
    page.wait_for_selector("#chart svg")
    points = page.locator("#chart .mark-symbol.role-mark path").count()
    assert points == page.locator("details tbody tr").count() == 19
    page.get_by_label("Across").select_option("full")
    page.get_by_role("button", name="Draw").click()
    page.wait_for_selector("#chart svg")
    assert "x=full" in page.url
    page.locator("#chart .mark-symbol.role-mark path").first.hover()
    page.wait_for_selector("#vg-tooltip-element.visible")
    page.context.close()


def test_columns_and_density_are_chosen_in_a_form(browser: "Browser", site: str) -> None:
    page = opened(browser, scripts=False)
    page.goto(site)
    page.get_by_text("Columns and rows").click()
    page.get_by_label("ImageNet").uncheck()
    page.get_by_label("Runs").check()
    page.get_by_label("compact").check()
    page.get_by_role("button", name="Apply").click()
    heads = page.locator("table.board thead").inner_text()
    assert "Runs" in heads
    assert "ImageNet" not in heads
    assert page.locator("table.board.compact").count() == 1
    page.context.close()


def test_the_theme_follows_the_system_until_the_reader_chooses(browser: "Browser", site: str) -> None:
    page = opened(browser, scheme="dark")
    page.goto(site)
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.locator("button.theme").click()
    light = page.evaluate(background)
    assert (dark, light) == ("rgb(16, 20, 18)", "rgb(255, 255, 255)")
    page.goto(f"{site}/models")
    assert page.evaluate(background) == light
    page.context.close()


def test_the_search_box_works_without_scripts(browser: "Browser", site: str) -> None:
    page = opened(browser, scripts=False, width=360)
    page.goto(f"{site}/models")
    page.get_by_label("Find models").fill("resnet50 sparsity>=0.95 sort=-sparsity")
    page.get_by_role("button", name="Search").click()
    assert page.url.endswith("/models?q=resnet50+sparsity%3E%3D0.95+sort%3D-sparsity")
    assert "models fit." in page.locator("h1").inner_text()
    assert page.get_by_label("Find models").input_value() == "resnet50 sparsity>=0.95 sort=-sparsity"
    page.get_by_role("group", name="Examples").get_by_role("link").first.click()
    assert page.get_by_role("table").is_visible()
    page.goto(f"{site}/models?q=resnet50+sparsty%3E0.9+and+a+rather+long+rest+of+the+query+that+does+not+fit")
    assert page.get_by_role("alert").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.context.close()


def test_every_control_can_be_reached_and_seen_by_keyboard(browser: "Browser", site: str) -> None:
    page = opened(browser)
    page.goto(site)
    reached = set()
    for _ in range(45):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent.trim()"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert {"Skip to the content", "Board", "CSV", "JSON"} <= reached
    page.context.close()


def test_phone_cards_keep_the_roles_of_a_table(browser: "Browser", site: str) -> None:
    page = opened(browser, width=360)
    page.goto(site)
    assert page.get_by_role("table").first.is_visible()
    assert page.get_by_role("rowheader", name="AC/DC").first.is_visible()
    card = page.locator("table.board tbody tr").first.bounding_box()
    assert card is not None
    assert card["width"] <= 360
    page.context.close()
