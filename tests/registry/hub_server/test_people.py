"""Organisations: namespaces of several people, each with a role."""

from collections.abc import Iterator

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError
from raw_http import RawClient

from registry.errors import InvalidRecordError, UnknownRecordError
from registry.hub_server.embedded import EmbeddedHub
from registry.hub_server.errors import HubServeError
from registry.hub_server.organisations import ensure_organisation, set_role


@pytest.fixture
def lab(served: EmbeddedHub, alice: HfApi, bob: HfApi) -> Iterator[str]:
    """An organisation that alice writes to and bob reads."""
    ensure_organisation(served.engine, "lab")
    set_role(served.engine, "lab", "alice", "write")
    set_role(served.engine, "lab", "bob", "read")
    alice.create_repo("lab/net", private=True)
    yield "lab"
    alice.delete_repo("lab/net", missing_ok=True)


def test_roles(alice: HfApi, bob: HfApi, anonymous: HfApi, lab: str) -> None:
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="a.txt", repo_id="lab/net")
    assert "a.txt" in bob.list_repo_files("lab/net")
    with pytest.raises(HfHubHTTPError, match="403"):
        bob.upload_file(path_or_fileobj=b"y", path_in_repo="a.txt", repo_id="lab/net")
    with pytest.raises(HfHubHTTPError, match="403"):
        bob.create_repo("lab/other")
    with pytest.raises(RepositoryNotFoundError):
        anonymous.model_info("lab/net")
    assert [model.id for model in bob.list_models(author="lab")] == ["lab/net"]
    assert list(anonymous.list_models(author="lab")) == []


def test_a_contributor_changes_what_he_made_and_nothing_else(
    served: EmbeddedHub, alice: HfApi, bob: HfApi, lab: str
) -> None:
    set_role(served.engine, "lab", "bob", "contributor")
    assert bob.whoami()["orgs"][0]["roleInOrg"] == "contributor"
    assert "a.txt" not in bob.list_repo_files("lab/net"), "members see private repositories"
    bob.create_repo("lab/bobs", private=True)
    bob.upload_file(path_or_fileobj=b"x", path_in_repo="a.txt", repo_id="lab/bobs")
    bob.create_branch("lab/bobs", branch="next")
    for forbidden in (
        lambda: bob.upload_file(path_or_fileobj=b"y", path_in_repo="a.txt", repo_id="lab/net"),
        lambda: bob.create_branch("lab/net", branch="next"),
        lambda: bob.update_repo_settings("lab/net", private=False),
        lambda: bob.move_repo("lab/net", "bob/net"),
        lambda: bob.delete_repo("lab/net"),
    ):
        with pytest.raises(HfHubHTTPError, match="403"):
            forbidden()
    proposed = bob.upload_file(path_or_fileobj=b"y", path_in_repo="a.txt", repo_id="lab/net", create_pr=True)
    assert proposed.pr_num == 1
    alice.upload_file(path_or_fileobj=b"z", path_in_repo="b.txt", repo_id="lab/bobs")
    bob.move_repo("lab/bobs", "lab/moved")
    bob.delete_repo("lab/moved")


def test_a_contributor_brings_what_he_has_and_keeps_the_right_to_it(served: EmbeddedHub, bob: HfApi, lab: str) -> None:
    set_role(served.engine, "lab", "bob", "contributor")
    bob.create_repo("bob/net")
    bob.move_repo("bob/net", "lab/brought")
    bob.upload_file(path_or_fileobj=b"x", path_in_repo="a.txt", repo_id="lab/brought")
    set_role(served.engine, "lab", "bob", "read")
    with pytest.raises(HfHubHTTPError, match="403"):
        bob.delete_repo("lab/brought")
    set_role(served.engine, "lab", "bob", "contributor")
    bob.delete_repo("lab/brought")


def test_whoami_names_them(alice: HfApi, bob: HfApi, lab: str) -> None:
    roles = {org["name"]: org["roleInOrg"] for api in (alice, bob) for org in [api.whoami()["orgs"][0]] if api is bob}
    assert roles == {"lab": "read"}
    assert alice.whoami()["orgs"][0]["roleInOrg"] == "write"


def test_overviews(alice: HfApi, anonymous: HfApi, lab: str) -> None:
    seen, public = alice.get_organization_overview("lab"), anonymous.get_organization_overview("lab")
    assert (seen.num_users, seen.num_models, public.num_models) == (2, 1, 0)
    assert [member.username for member in alice.list_organization_members("lab")] == ["alice", "bob"]
    assert alice.get_user_overview("bob").username == "bob"
    for call in (alice.get_user_overview, alice.get_organization_overview):
        with pytest.raises(HfHubHTTPError, match="404"):
            call("never-made")
    with pytest.raises(HfHubHTTPError, match="404"):
        alice.get_organization_overview("alice")


def test_storage(alice: HfApi, anonymous: HfApi, lab: str) -> None:
    alice.upload_file(path_or_fileobj=b"\0" * 5000, path_in_repo="w.bin", repo_id="lab/net")
    alice.upload_file(path_or_fileobj=b"\0" * 5000, path_in_repo="same.bin", repo_id="lab/net")
    (found,) = alice.list_user_repos(namespace="lab")
    attributes = alice.get_paths_info("lab/net", ".gitattributes")[0].size  # type: ignore[union-attr]
    assert (found.id, found.visibility, found.storage) == ("lab/net", "private", 5000 + attributes)
    with pytest.raises(HfHubHTTPError, match="401"):
        list(anonymous.list_user_repos(namespace="lab"))


def test_a_gate_is_open_for_members(alice: HfApi, bob: HfApi, lab: str) -> None:
    alice.update_repo_settings("lab/net", gated="manual")
    bob.auth_check("lab/net")


def test_an_ended_membership_opens_nothing(served: EmbeddedHub, bob: HfApi, lab: str) -> None:
    set_role(served.engine, "lab", "bob", None)
    with pytest.raises(RepositoryNotFoundError):
        bob.model_info("lab/net")
    with pytest.raises(UnknownRecordError):
        set_role(served.engine, "lab", "bob", None)


def test_names_are_for_one(served: EmbeddedHub, lab: str) -> None:
    assert not ensure_organisation(served.engine, "lab")
    with pytest.raises(HubServeError, match="account of a person"):
        ensure_organisation(served.engine, "alice")
    for organisation, member in (("alice", "bob"), ("nowhere", "bob"), ("lab", "nobody"), ("lab", "lab")):
        with pytest.raises(UnknownRecordError):
            set_role(served.engine, organisation, member, "read")
    with pytest.raises(InvalidRecordError, match="no role"):
        set_role(served.engine, "lab", "bob", "owner")


def test_a_read_token_of_an_administrator_writes_nothing(served: EmbeddedHub, raw: RawClient, lab: str) -> None:
    set_role(served.engine, "lab", "alice", "admin")
    reader = RawClient(raw.endpoint, served.token_for("alice", "read"))
    assert reader("PUT", "/api/models/lab/net/settings", {"visibility": "public"}).status == 403
    assert raw("PUT", "/api/models/lab/net/settings", {"visibility": "public"}).status == 200
