"""A new user in a browser: signs in, submits, watches, publishes, finds the model on the board; and every refusal."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hub_fixture import RunningHub
from huggingface_hub import HfApi
from optional import need
from signed_in import link_for
from site_server import running_site

from benchmark.intake import attend
from benchmark.sync import sync_benchmark
from benchmark.worker import work
from leaderboard.settings import SiteSettings
from registry.db.schema import open_catalogue
from registry.reasons import REASONS
from registry.settings import Settings, load_settings
from zoo.checkpoint.dtypes import from_numpy, to_numpy
from zoo.checkpoint.folder import CARD, CONFIG, PASSPORT, PROVENANCE, ModelFolder
from zoo.checkpoint.safetensors_file import read_tensors, write_tensors
from zoo.checkpoint.sparse import write_sparse
from zoo.checkpoint.strict import dump_json
from zoo.checkpoint.weights import SPARSE_WEIGHTS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from sqlalchemy import Engine

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    need("browser", CHROMIUM.exists())
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield made
        made.close()


@dataclass(frozen=True)
class User:
    """Ada, with a browser without scripts, a hub to put repositories on, and a server with a worker."""

    page: "Page"
    site: str
    hub: RunningHub
    settings: Settings
    engine: "Engine"

    def upload(self, name: str, folder: Path) -> str:
        api, repo_id = HfApi(endpoint=self.hub.endpoint, token=self.hub.token), f"{self.hub.namespace}/{name}"
        api.create_repo(repo_id)
        api.upload_folder(repo_id=repo_id, folder_path=folder)
        return repo_id

    def submit(self, repo_id: str, **fields: str) -> None:
        """Fill the form in and send it."""
        self.page.goto(f"{self.site}/submit")
        for name, value in {"model": repo_id, **fields}.items():
            self.page.locator(f"#{name}").fill(value)
        self.page.locator("#suite").select_option("digits-demo@1")
        self.page.get_by_label("The files name a licence").check()
        self.page.get_by_role("button", name="Submit").click()

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    def look_again(self) -> None:
        self.page.get_by_role("link", name="Look again").click()


@pytest.fixture
def ada(browser: "Browser", hub: RunningHub, tmp_path: Path) -> Iterator[User]:
    settings = replace(load_settings({"PRUNARIUM_HOME": str(tmp_path / "server")}), hub_endpoint=hub.endpoint)
    engine = open_catalogue(settings)
    sync_benchmark(engine)
    key = link_for(engine, "ada")
    context = browser.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    with running_site(engine, SiteSettings(hub_endpoint=hub.endpoint)) as site:
        page = context.new_page()
        page.goto(f"{site}/submit")
        assert page.get_by_role("link", name="Sign in to submit here").is_visible()
        page.goto(f"{site}/sign-in/link?key={key}")
        page.get_by_role("button", name=re.compile("Sign in")).click()
        yield User(page, site, hub, settings, engine)
    context.close()
    engine.dispose()


def test_from_the_form_to_the_board(ada: User, digit_models: tuple[ModelFolder, ModelFolder]) -> None:
    dense, sparse = (ada.upload(f"browser-{model.path.name}", model.path) for model in digit_models)
    page = ada.page
    ada.submit(dense)
    assert "It waits for its check" in ada.heading
    attend(ada.engine, ada.settings)
    ada.look_again()
    assert "evaluations wait for their turn" in ada.heading
    ada.submit(sparse, parent=dense, method="@ada/Wise pruning", note="first try")
    place = page.url
    work(ada.settings, once=True)
    ada.look_again()
    assert "Everything is measured" in ada.heading, page.locator("main").inner_text()
    assert page.locator("td .num").count() == 5
    ood = page.get_by_role("row", name="digits-ood@1")
    assert "one number for each part" in ood.inner_text(), "each group of unknown images has its own"
    stranger = page.context.browser.new_page()  # type: ignore[union-attr]
    assert stranger.goto(place).status == 404  # type: ignore[union-attr]
    assert sparse not in stranger.goto(f"{ada.site}/?suite=digits-demo&sparsity=all").text()  # type: ignore[union-attr]

    page.get_by_role("button", name="Publish").click()
    page.get_by_role("link", name="The model's page").click()
    assert page.url == f"{ada.site}/models/{sparse}"
    assert "@ada/Wise pruning" in page.locator("main").inner_text()
    assert stranger.goto(f"{ada.site}/models/{dense}").status == 404, "the parent is its submitter's to publish"  # type: ignore[union-attr]
    page.goto(f"{ada.site}/?suite=digits-demo&sparsity=all")
    assert sparse in page.locator("table.board").inner_html()
    page.goto(f"{ada.site}/submissions")
    assert page.locator("tbody tr").count() == 2
    stranger.close()


def tensors(change: Callable[[dict[str, Any]], None]) -> Callable[[ModelFolder], None]:
    def edit(model: ModelFolder) -> None:
        found = {tensor.name: tensor for tensor in read_tensors(model.weights)}
        change(found)
        write_tensors(model.weights, found.values())

    return edit


def put(name: str, values: Any) -> Callable[[ModelFolder], None]:
    return tensors(lambda found: found.__setitem__(name, from_numpy(name, np.asarray(values))))


def words(**fields: Any) -> Callable[[ModelFolder], None]:
    return lambda model: _write(model.path / PROVENANCE, {**model.provenance.to_dict(), **fields})


def _write(path: Path, document: Any) -> None:
    path.write_bytes(dump_json(document))


def settings_of(**fields: Any) -> Callable[[ModelFolder], None]:
    return lambda model: _write(model.path / CONFIG, replace(model.config, **fields).to_dict())


def poison(found: dict[str, Any]) -> None:
    values = to_numpy(found["fc.bias"]).copy()
    values[0] = np.nan
    found["fc.bias"] = from_numpy("fc.bias", values)


def another_sparse_file(model: ModelFolder) -> None:
    held = read_tensors(model.weights)
    moved = [from_numpy(one.name, to_numpy(one) + 1) if one.name == "fc.bias" else one for one in held]
    write_sparse(model.path / SPARSE_WEIGHTS, moved)


REFUSED: dict[str, Callable[[ModelFolder], object]] = {
    "pickle_present": lambda model: (model.path / "optimizer.pt").write_bytes(b"x"),
    "bad_safetensors": lambda model: model.weights.write_bytes(model.weights.read_bytes()[:-9]),
    "files_differ": another_sparse_file,
    "preprocessing_missing": lambda model: (model.path / CONFIG).unlink(),
    "bad_description": words(sparcity=0.5),
    "unknown_architecture": settings_of(architecture="mlp"),
    "name_mismatch": put("mask", [1.0]),
    "shape_mismatch": put("bn1.bias", np.zeros(9, np.float32)),
    "dtype": put("bn1.bias", np.zeros(8, np.float16)),
    "non_finite": tensors(poison),
    "sparsity_claim": words(sparsity_target=0.6),
    "passport_claim": lambda model: (model.path / PASSPORT).write_text("{}"),
    "training_data_missing": words(data="unknown"),
    "card_contradicts": lambda model: (model.path / CARD).write_text("---\nlicense: mit\n---\n"),
    "licence_unknown": words(licence="free for all"),
    "licence_missing": words(licence=None),
    "parent_missing": lambda _model: None,
}


def test_each_refusal_is_told_in_words_with_what_to_do(
    ada: User, digit_models: tuple[ModelFolder, ModelFolder], tmp_path: Path
) -> None:
    dense = ada.upload("refused-parent", digit_models[0].path)
    ada.submit(dense)
    attend(ada.engine, ada.settings)
    sparse = digit_models[1]
    for code, edit in REFUSED.items():
        folder = Path(shutil.copytree(sparse.path, tmp_path / code))
        (folder / "posterior.safetensors").unlink(missing_ok=True)
        edit(replace(sparse, path=folder))
        name = ada.upload(f"refused-{code.replace('_', '-')}", folder)
        ada.submit(name, **({} if code == "parent_missing" else {"parent": dense}))
        attend(ada.engine, ada.settings)
        ada.look_again()
        assert "It was refused" in ada.heading, code
        text = ada.page.locator("main").inner_text()
        assert all(part in text for part in (code, REASONS[code].sentence, REASONS[code].remedy)), (code, text)
    for code, model in {"not_on_hub": f"{ada.hub.namespace}/nothing", "weights_known": "twin"}.items():
        ada.submit(ada.upload("refused-twin", digit_models[0].path) if model == "twin" else model)
        attend(ada.engine, ada.settings)
        ada.look_again()
        assert REASONS[code].sentence in ada.page.locator("main").inner_text()


def test_what_cannot_be_meant_is_told_beside_its_field(ada: User) -> None:
    page = ada.page
    for fields, message in (
        ({"repo_id": "just a name"}, "names no model"),
        ({"repo_id": "http://127.0.0.1:1/org/net"}, "takes no models from"),
        ({"repo_id": "org/net", "method": "wise"}, "Write @author/name"),
    ):
        ada.submit(**fields)
        assert message in page.locator(".wrong").inner_text()
        assert page.locator("#model").input_value() == fields["repo_id"]
