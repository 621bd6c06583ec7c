"""The template for Google Tag Manager, as far as it runs outside: its own scenarios, and with the real script."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from playwright.async_api import Page

from agents.snippet.routes import FOLDER
from tests.browser.collector import KEY, Collector

pytestmark = pytest.mark.browser
in_chromium = pytest.mark.asyncio(loop_scope="package")

HARNESS = (Path(__file__).parent / "gtm.js").read_text(encoding="utf-8").partition("\n")[2].rstrip(";\n")
# Google "Custom template permissions", read November 2026
NEEDS = {
    "injectScript": "inject_script",
    "isConsentGranted": "access_consent",
    "addConsentListener": "access_consent",
    "createArgumentsQueue": "access_globals",
    "callInWindow": "access_globals",
    "copyFromWindow": "access_globals",
    "makeTableMap": None,
}
# The functions of Tag Manager, done by the page itself.
REAL = """
  const api = {
    addConsentListener: () => {},
    isConsentGranted: () => true,
    copyFromWindow: (name) => self[name],
    callInWindow: (name, ...rest) => self[name](...rest),
    createArgumentsQueue: (name) => {
      self[name] = function () { self[name].q.push(arguments) };
      self[name].q = [];
    },
    makeTableMap: (rows) => Object.fromEntries(rows.map((row) => [row.name, row.value])),
    injectScript: (src, onload, onerror) =>
      document.head.append(Object.assign(document.createElement("script"), {src, onload, onerror})),
  };
"""


def sections() -> dict[str, str]:
    text = (FOLDER / "gtm/template.tpl").read_text(encoding="utf-8")
    parts = re.split(r"^___([A-Z_]+)___$", text, flags=re.M)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


SECTIONS = sections()
CODE = SECTIONS["SANDBOXED_JS_FOR_WEB_TEMPLATE"]
SCENARIOS = {
    name: dedent(code)
    for name, code in re.findall(r"^- name: (.+)\n  code: \|-\n((?:    .*\n?)+)", SECTIONS["TESTS"], re.M)
}


def permissions() -> dict[str, list[Any]]:
    found = (entry["instance"] for entry in json.loads(SECTIONS["WEB_PERMISSIONS"]))
    return {one["key"]["publicId"]: one["param"][0]["value"]["listItem"] for one in found}


@in_chromium
@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_scenario_of_the_template(page: Page, name: str) -> None:
    await page.goto("/plain?with=none")
    assert await page.evaluate(f"([code, scenario]) => ({HARNESS})(code, scenario)", [CODE, SCENARIOS[name]])


def test_all_scenarios_are_found() -> None:
    assert len(SCENARIOS) == SECTIONS["TESTS"].count("- name:") > 0


def test_the_template_asks_for_what_it_uses_and_no_more() -> None:
    used = set(re.findall(r"require\('(\w+)'\)", CODE))
    assert {NEEDS[name] for name in used} - {None} == set(permissions())
    globals_used = set(re.findall(r"(?:callInWindow|copyFromWindow|createArgumentsQueue)\('(\w+)'", CODE))
    assert globals_used == {"capi"}
    consents = {item["mapValue"][0]["string"] for item in permissions()["access_consent"]}
    assert consents == set(re.findall(r"'(ad_\w+)'", CODE))


def test_every_field_is_asked_for_and_used() -> None:
    asked = {field["name"] for field in json.loads(SECTIONS["TEMPLATE_PARAMETERS"])}
    assert set(re.findall(r"\bdata\.(\w+)", CODE)) - {"gtmOnSuccess", "gtmOnFailure"} == asked


def test_only_what_the_sandbox_runs() -> None:
    """Google "Sandboxed JavaScript": ES 5.1 with arrow functions, const and let; no new, no this, no globals."""
    text = re.sub(r"//.*|'[^'\n]*'", "", CODE)
    assert not re.findall(
        r"\b(new|this|window|document|class|async|await|Object|JSON|Math)\b|\.\.\.|`|\?\.|\?\?", text
    )


@in_chromium
async def test_with_the_real_script(page: Page, collector: Collector) -> None:
    await page.goto("/plain?with=none")
    setup = {"action": "setup", "address": collector.url, "key": KEY, "consent": "mode", "ownPages": True}
    lead = {"action": "track", "eventName": "Lead", "fields": [{"name": "value", "value": "3"}]}
    run = f"""([code, data]) => new Promise((gtmOnSuccess, gtmOnFailure) => {{ {REAL}
      new Function('require', 'data', code)((name) => api[name], {{...data, gtmOnSuccess, gtmOnFailure}});
    }})"""
    await page.evaluate(run, [CODE, lead])  # before the script, and after it
    await page.evaluate(run, [CODE, setup])
    await page.evaluate(run, [CODE, lead | {"eventId": "order-7"}])
    events = await collector.until("Lead", "Lead")
    assert [event["event_name"] for event in events] == ["Lead", "Lead"]
    assert events[1]["event_id"] == "order-7"
    assert {event["consent"] for event in events} == {"granted"}
    assert events[0]["custom_data"] == {"value": "3"}
