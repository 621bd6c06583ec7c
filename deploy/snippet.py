"""Makes agents/snippet/capi.js of its source: the files in their order, in one function, minified."""

from __future__ import annotations

import sys
from pathlib import Path

import minify

FOLDER = Path(__file__).resolve().parents[1] / "agents/snippet"
BUILT = FOLDER / "capi.js"


def build() -> str:
    """The script that browsers load; its text is the same wherever it is made."""
    sources = sorted((FOLDER / "src").glob("*.js"))
    parts = [path.read_text(encoding="utf-8") for path in sources]
    whole = "(() => {\nif (window.capi?.page) return;\n" + "\n".join(parts) + "})();\n"
    made: str = minify.string("application/javascript", whole)
    return made + "\n"


def main() -> int:
    BUILT.write_text(build(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
