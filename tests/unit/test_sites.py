"""The client sites in the tenants file."""

from __future__ import annotations

import pytest

from streams.tenants import TenantsError, parse_tenants

SHOP = "[tenants.shop]\n[sites.berlin]\n"


def test_a_site_is_of_tenants_and_proves_who_it_is() -> None:
    site = parse_tenants(SHOP + 'tenants = ["shop"]\nsecrets = ["env:A", "file:/b"]\n').sites["berlin"]
    assert (site.tenants, site.secrets, site.certificate) == (("shop",), ("env:A", "file:/b"), "")


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ('tenants = ["shop"]', "anybody could be it"),
        ('tenants = ["other"]\ncertificate = "b"', "other"),
        ('tenants = []\ncertificate = "b"', "tenants"),
        ('tenants = ["shop"]\nsecrets = ["whsec_clear"]', "secrets"),
        ('tenants = ["shop"]\ncertificate = "b"\nkey = "x"', "key"),
    ],
)
def test_what_cannot_be_meant_names_the_place(entry: str, named: str) -> None:
    with pytest.raises(TenantsError, match=named) as wrong:
        parse_tenants(SHOP + entry)
    assert "whsec_clear" not in str(wrong.value)
