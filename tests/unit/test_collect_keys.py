"""Keys of the HTTP door in the tenants file: what is refused, and which secrets count."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.tenants import SecretKey, TenantsError, parse_tenants

PAGES = 'kind = "publishable"\nid = "pk_shop_12345678"\norigins = ["https://shop.example"]\n'
SERVER = 'kind = "secret"\nid = "sk_backend"\nsecrets = ["env:SHOP_SECRET"]\n'


def tenants(*keys: str) -> str:
    return "[tenants.shop]\n" + "".join(f"[[tenants.shop.keys]]\n{key}" for key in keys)


def test_both_kinds_are_read() -> None:
    pages, server = parse_tenants(tenants(PAGES, SERVER)).tenants["shop"].keys
    assert (pages.id, server.id) == ("pk_shop_12345678", "sk_backend")


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (PAGES.replace("pk_", "sk_"), "id"),
        (PAGES.replace("pk_shop_12345678", "pk_short"), "id"),
        (PAGES.replace('["https://shop.example"]', "[]"), "origins"),
        (PAGES.replace("shop.example", "shop.example/"), "origins"),
        (PAGES.replace("shop.example", "*"), "origins"),
        (PAGES + 'secrets = ["env:A"]\n', "secrets"),
        (PAGES + "rate = 0\n", "rate"),
        (PAGES + 'cookie_domain = "example"\n', "cookie_domain"),
        (SERVER.replace("sk_", "pk_"), "id"),
        (SERVER.replace('"env:SHOP_SECRET"', ""), "secrets"),
        (SERVER.replace("env:SHOP_SECRET", "whsec_AAAA"), "secrets"),
        (SERVER.replace('"secret"', '"both"'), "kind"),
    ],
)
def test_a_mistake_names_its_field_and_no_secret(key: str, names: str) -> None:
    with pytest.raises(TenantsError, match=names) as refused:
        parse_tenants(tenants(key))
    assert "whsec_AAAA" not in str(refused.value)


def test_one_key_is_of_one_tenant() -> None:
    twice = tenants(PAGES) + tenants(PAGES).replace("shop]", "other]").replace("shop.keys", "other.keys")
    with pytest.raises(TenantsError, match="pk_shop_12345678 is there 2 times"):
        parse_tenants(twice)


def test_secrets_that_can_be_read_count_and_none_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = SecretKey(id="sk_a", secrets=("env:OLD_SECRET", f"file:{tmp_path / 'next'}"))
    monkeypatch.delenv("OLD_SECRET", raising=False)
    with pytest.raises(TenantsError, match="secret of key sk_a"):
        key.read_secrets()
    monkeypatch.setenv("OLD_SECRET", "old")
    assert key.read_secrets() == ("old",)
    (tmp_path / "next").write_text("next\n", "utf-8")
    assert key.read_secrets() == ("old", "next")
