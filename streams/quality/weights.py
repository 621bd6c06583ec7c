"""What each match key adds to a match score, in tenths of a point. AN ESTIMATE, and the only place for it.

Neither platform publishes how it scores. The order of the keys follows what they say, the numbers are ours:

- Meta, "Customer Information Parameters" and "Best Practices - Conversions API": address and agent count together;
  names, places, dates and gender only support other keys (the combinations that it refuses, 100/2804050).
  Panto Source, "Event Match Quality 2026", calls e-mail, phone, click id and external id strong, others weak.
- TikTok, Business Help "How to set up matching events with Events API" (February 2025), in its order: click id,
  e-mail and phone, external id, address and agent, first-party cookie. The rest of the user object comes after.

All read November 2026. Sums are cut at 10, so that full marks need neither every key nor a click on an ad.
"""

from __future__ import annotations

from collections.abc import Mapping

Keys = tuple[str, ...]
"""Fields of UserData that count together: only when all of them are there."""

DEFAULT = "default"  # for a platform without a column of its own
AGENT: Keys = ("client_ip", "client_user_agent")

WEIGHTS: Mapping[str, Mapping[Keys, int]] = {
    DEFAULT: {
        ("em",): 30,
        ("ph",): 25,
        ("external_id",): 15,
        AGENT: 20,
        ("fn",): 5,
        ("ln",): 5,
        ("zp",): 5,
        ("ct",): 3,
        ("st",): 2,
        ("country",): 2,
        ("db",): 5,
        ("ge",): 2,
    },
    "meta": {
        ("em",): 30,
        ("fbc",): 25,
        ("ph",): 25,
        AGENT: 20,
        ("external_id",): 15,
        ("fbp",): 15,
        ("db",): 5,
        ("fn",): 5,
        ("ln",): 5,
        ("zp",): 4,
        ("ct",): 3,
        ("st",): 2,
        ("country",): 2,
        ("ge",): 2,
    },
    "tiktok": {
        ("ttclid",): 35,
        ("em",): 30,
        ("ph_e164",): 25,
        ("external_id",): 20,
        AGENT: 20,
        ("ttp",): 15,
        ("fn",): 3,
        ("ln",): 3,
        ("zp",): 3,
        ("city",): 2,
        ("state",): 1,
        ("country_code",): 1,
    },
}
