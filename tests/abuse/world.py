"""What the doors of the abuse tests belong to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agents.certs.folder import CA, CA_KEY, Folder
from agents.certs.make import read, site_certificate
from tests.abuse.raw import Door
from tests.site import META, TIKTOK, Site
from tests.unit.collecting import KEY, OTHER_KEY, PAGE, SIGNER

OTHER_SIGNER = "sk_other"
SCOPES: dict[str, tuple[str, ...] | None] = {"all": None, "shop": ("shop",), "other": ("other",), "none": ()}
TENANTS = f"""
[tenants.default]
[tenants.shop]
default_country = "US"
[[tenants.shop.keys]]
kind = "publishable"
id = "{KEY}"
origins = ["{PAGE}"]
[[tenants.shop.keys]]
kind = "secret"
id = "{SIGNER}"
secrets = ["env:SHOP_SECRET"]
[[tenants.shop.destinations]]
platform = "meta"
pixel_id = "{META}"
token = "env:TEST_TOKEN"
[tenants.other]
[[tenants.other.keys]]
kind = "publishable"
id = "{OTHER_KEY}"
origins = ["https://other.example"]
[[tenants.other.keys]]
kind = "secret"
id = "{OTHER_SIGNER}"
secrets = ["env:OTHER_SECRET"]
[[tenants.other.destinations]]
platform = "tiktok"
pixel_id = "{TIKTOK}"
token = "env:TEST_TOKEN"
[sites.berlin]
tenants = ["shop"]
secrets = ["file:{{folder}}/site-secret"]
certificate = "berlin"
[sites.vienna]
tenants = ["shop"]
secrets = ["file:{{folder}}/site-secret"]
[sites.bern]
tenants = ["other"]
certificate = "bern"
"""


@dataclass(frozen=True)
class World:
    folder: Path
    site: Site
    doors: dict[str, Door]

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")


def certificates_in(folder: Path) -> None:
    """Of a CA that counts; of another one in `foreign/`; and `expired.pem`, whose time is over."""
    now = datetime.now(UTC)
    Folder(folder, now, 30).bootstrap(["localhost", "127.0.0.1"], ["berlin", "bern"])
    Folder(folder / "foreign", now, 30).bootstrap(["localhost"], ["berlin"])
    ca = read((folder / CA_KEY).read_bytes() + (folder / CA).read_bytes())
    (folder / "expired.pem").write_bytes(site_certificate(ca, "berlin", now - timedelta(days=9), 2).pem)
