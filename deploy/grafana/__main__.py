"""`python -m deploy.grafana` writes the dashboards that Grafana reads."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.grafana.delivery import DELIVERY
from deploy.grafana.panel import Dashboard, render
from deploy.grafana.pipeline import PIPELINE
from deploy.grafana.quality import QUALITY
from deploy.grafana.workers import WORKERS

FOLDER = Path(__file__).parent / "dashboards"
DASHBOARDS = (PIPELINE, DELIVERY, QUALITY, WORKERS)


def text_of(dashboard: Dashboard) -> str:
    return json.dumps(render(dashboard), indent=1) + "\n"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for dashboard in DASHBOARDS:
        (FOLDER / f"{dashboard.name}.json").write_text(text_of(dashboard), encoding="utf-8")


if __name__ == "__main__":
    main()
