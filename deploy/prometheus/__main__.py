"""`python -m deploy.prometheus` writes alerts.yml again as a PrometheusRule, which Prometheus' operator reads."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
ALERTS = FOLDER / "alerts.yml"
RULE = FOLDER.parent / "k8s/components/monitoring/alerts.yaml"
HEAD = """\
# Written by `make dashboards` from deploy/prometheus/alerts.yml, where promtool tries it.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: capi}
spec:
"""


def rule() -> str:
    lines = ALERTS.read_text(encoding="utf-8").splitlines()
    return HEAD + "".join(f"  {line}\n" for line in lines[lines.index("groups:") :])


if __name__ == "__main__":
    RULE.write_text(rule(), encoding="utf-8")
