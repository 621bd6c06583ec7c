"""States and provinces with a code of their own, by name or code. Elsewhere the name itself is what counts.

Codes: ISO 3166-2 without the country (United States: ANSI INCITS 38, with territories and military mail).
"""

from __future__ import annotations

from streams.identity.text import unaccented

_UNITED_STATES = """
al alabama, ak alaska, az arizona, ar arkansas, ca california, co colorado, ct connecticut, de delaware, fl
florida, ga georgia, hi hawaii, id idaho, il illinois, in indiana, ia iowa, ks kansas, ky kentucky, la
louisiana, me maine, md maryland, ma massachusetts, mi michigan, mn minnesota, ms mississippi, mo missouri, mt
montana, ne nebraska, nv nevada, nh new hampshire, nj new jersey, nm new mexico, ny new york, nc north
carolina, nd north dakota, oh ohio, ok oklahoma, or oregon, pa pennsylvania, ri rhode island, sc south
carolina, sd south dakota, tn tennessee, tx texas, ut utah, vt vermont, va virginia, wa washington, wv west
virginia, wi wisconsin, wy wyoming, dc district of columbia, dc washington dc, ny new york state, wa
washington state, pr puerto rico, gu guam, vi us virgin islands, vi virgin islands, as american samoa, mp
northern mariana islands, aa armed forces americas, ae armed forces europe, ap armed forces pacific"""

_CANADA = """
on ontario, qc quebec, bc british columbia, ab alberta, mb manitoba, sk saskatchewan, ns nova scotia, nb new
brunswick, nl newfoundland and labrador, nl newfoundland, pe prince edward island, nt northwest territories,
yt yukon, yt yukon territory, nu nunavut, qc québec, bc colombie britannique, ns nouvelle écosse, nb nouveau
brunswick, pe île du prince édouard, nl terre neuve et labrador, nt territoires du nord ouest"""

_AUSTRALIA = """
nsw new south wales, vic victoria, qld queensland, wa western australia, sa south australia, tas tasmania, act
australian capital territory, nt northern territory"""

_BRAZIL = """
ac acre, al alagoas, ap amapá, am amazonas, ba bahia, ce ceará, df distrito federal, es espírito santo, go
goiás, ma maranhão, mt mato grosso, ms mato grosso do sul, mg minas gerais, pa pará, pb paraíba, pr paraná, pe
pernambuco, pi piauí, rj rio de janeiro, rn rio grande do norte, rs rio grande do sul, ro rondônia, rr
roraima, sc santa catarina, sp são paulo, se sergipe, to tocantins"""


def _by_name(table: str) -> dict[str, str]:
    pairs = [entry.split(maxsplit=1) for entry in table.split(",")]
    names = {unaccented(name): code for code, name in pairs}
    return {code: code for code in names.values()} | names


STATES = {
    "US": _by_name(_UNITED_STATES),
    "CA": _by_name(_CANADA) | {"pq": "qc"},
    "AU": _by_name(_AUSTRALIA),
    "BR": _by_name(_BRAZIL),
}
