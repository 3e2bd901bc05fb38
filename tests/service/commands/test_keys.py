import json
from pathlib import Path

import pytest

from features.workspace import Workspace
from service.access.keys import digest
from service.database.connection import Database
from service.database.key_store import KeyStore


def test_a_key_is_shown_once(run):
    assert "no key yet" in run("keys", "list").out
    added = run("keys", "add", "--role", "official", "--zone", "z", "--zone", "a", "--name", "李")
    token = added.out.strip()
    assert added.code == 0
    key_id = token.split("_")[1]
    assert f"key {key_id} (official)" in added.err
    listed = run("keys", "list")
    assert listed.out == f"{key_id}  official (a, z)  good  李\n"
    assert token not in listed.out
    assert run("keys", "revoke", key_id).code == 0
    (told,) = json.loads(run("keys", "list", "--json").out)
    assert (told["id"], told["state"]) == (key_id, "revoked")


def test_json_and_an_end(run, tmp_path):
    told = json.loads(run("keys", "add", "--role", "admin", "--expires", "30", "--json").out)
    assert told["role"] == "administrator"
    (key,) = KeyStore(Database(tmp_path / "home")).list()
    assert key.digest == digest(told["key"].encode())
    assert round((key.expires_at - key.created_at) / 86400) == 30


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["add", "--role", "reader"], "role must be one of official", 2),
        (["add", "--role", "official"], "give --zone", 2),
        (["add", "--role", "analyst", "--zone", "z"], "for all zones", 2),
        (["revoke", "k1"], "no key has the id 'k1'", 1),
    ],
    ids=str,
)
def test_wrong_keys(run, arguments, said, code):
    ended = run("keys", *arguments)
    assert ended.code == code
    assert said in ended.said
    assert not (Path("home") / "lianzhao.sqlite").exists()
    assert Workspace(Path("home")).pool_version
