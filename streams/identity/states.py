"""States and provinces with a code of their own, by name or code. Elsewhere the name itself is what counts.

Here are the countries whose addresses are written, or whose shops' forms are filled, with letter codes. Codes:
ISO 3166-2 without the country (United States: ANSI INCITS 38, with territories and military mail). Other names for
the same place: those of the post (Mexico), of the press (United States), of before a renaming (India, Mexico).
"""

from __future__ import annotations

from streams.identity.text import unaccented

_UNITED_STATES = """
al alabama, ak alaska, az arizona, ar arkansas, ca california, co colorado, ct connecticut, de delaware, fl
florida, ga georgia, hi hawaii, id idaho, il illinois, in indiana, ia iowa, ks kansas, ky kentucky, la
louisiana, me maine, md maryland, ma massachusetts, mi michigan, mn minnesota, ms mississippi, mo missouri, mt
montana, ne nebraska, nv nevada, nh new hampshire, nj new jersey, nm new mexico, ny new york, nc north carolina,
nd north dakota, oh ohio, ok oklahoma, or oregon, pa pennsylvania, ri rhode island, sc south carolina, sd south
dakota, tn tennessee, tx texas, ut utah, vt vermont, va virginia, wa washington, wv west virginia, wi wisconsin,
wy wyoming, dc district of columbia, dc washington dc, ny new york state, wa washington state, pr puerto rico,
gu guam, vi us virgin islands, vi virgin islands, as american samoa, mp northern mariana islands, aa armed
forces americas, ae armed forces europe, ap armed forces pacific"""

_UNITED_STATES_PRESS = """
al ala, az ariz, ar ark, ca calif, co colo, ct conn, de del, fl fla, il ill, in ind, ks kan, ks kans, ky ken, ma
mass, mi mich, mn minn, ms miss, mt mont, ne neb, ne nebr, nv nev, nm n mex, nd n dak, ok okla, or ore, or oreg,
pa penn, pa penna, sd s dak, tn tenn, tx tex, va virg, wa wash, wv w va, wi wis, wi wisc, wy wyo, pr porto rico"""

_CANADA = """
on ontario, qc quebec, bc british columbia, ab alberta, mb manitoba, sk saskatchewan, ns nova scotia, nb new
brunswick, nl newfoundland and labrador, nl newfoundland, pe prince edward island, nt northwest territories, yt
yukon, yt yukon territory, nu nunavut, qc québec, bc colombie britannique, ns nouvelle écosse, nb nouveau
brunswick, pe île du prince édouard, nl terre neuve et labrador, nt territoires du nord ouest"""

_AUSTRALIA = """
nsw new south wales, vic victoria, qld queensland, wa western australia, sa south australia, tas tasmania, act
australian capital territory, nt northern territory"""

_BRAZIL = """
ac acre, al alagoas, ap amapá, am amazonas, ba bahia, ce ceará, df distrito federal, es espírito santo, go
goiás, ma maranhão, mt mato grosso, ms mato grosso do sul, mg minas gerais, pa pará, pb paraíba, pr paraná, pe
pernambuco, pi piauí, rj rio de janeiro, rn rio grande do norte, rs rio grande do sul, ro rondônia, rr roraima,
sc santa catarina, sp são paulo, se sergipe, to tocantins"""


_MEXICO = """
agu aguascalientes, agu ags, bcn baja california, bcn baja california norte, bcn bc, bcs baja california sur,
cam campeche, cam camp, cmx ciudad de méxico, cmx cdmx, cmx distrito federal, cmx df, cmx mexico city, coa
coahuila, coa coahuila de zaragoza, coa coah, col colima, chp chiapas, chp chis, chh chihuahua, chh chih, dur
durango, dur dgo, gua guanajuato, gua gto, gro guerrero, hid hidalgo, hid hgo, jal jalisco, mex méxico, mex
estado de méxico, mex edomex, mic michoacán, mic michoacán de ocampo, mic mich, mor morelos, nay nayarit, nle
nuevo león, nle nl, oax oaxaca, pue puebla, que querétaro, que qro, roo quintana roo, roo q roo, slp san luis
potosí, sin sinaloa, son sonora, tab tabasco, tam tamaulipas, tam tamps, tla tlaxcala, tla tlax, ver veracruz,
ver veracruz de ignacio de la llave, yuc yucatán, zac zacatecas"""

_INDIA = """
an andaman and nicobar islands, ap andhra pradesh, ar arunachal pradesh, as assam, br bihar, ch chandigarh, cg
chhattisgarh, cg ct, dh dadra and nagar haveli and daman and diu, dh dn, dh dd, dh daman and diu, dh dadra and
nagar haveli, dl delhi, dl new delhi, dl nct of delhi, ga goa, gj gujarat, hr haryana, hp himachal pradesh, jk
jammu and kashmir, jh jharkhand, ka karnataka, kl kerala, la ladakh, ld lakshadweep, mp madhya pradesh, mh
maharashtra, mn manipur, ml meghalaya, mz mizoram, nl nagaland, od odisha, od orissa, od or, py puducherry, py
pondicherry, pb punjab, rj rajasthan, sk sikkim, tn tamil nadu, ts telangana, ts tg, tr tripura, up uttar
pradesh, uk uttarakhand, uk ut, uk uttaranchal, wb west bengal"""

_ITALY = """
ag agrigento, al alessandria, an ancona, ao aosta, ao valle d aosta, ap ascoli piceno, aq l aquila, ar arezzo,
at asti, av avellino, ba bari, bg bergamo, bi biella, bl belluno, bn benevento, bo bologna, br brindisi, bs
brescia, bt barletta andria trani, bz bolzano, bz bozen, bz alto adige, bz südtirol, ca cagliari, cb campobasso,
ce caserta, ch chieti, cl caltanissetta, cn cuneo, co como, cr cremona, cs cosenza, ct catania, cz catanzaro, en
enna, fc forlì cesena, fe ferrara, fg foggia, fi firenze, fi florence, fm fermo, fr frosinone, ge genova, ge
genoa, go gorizia, gr grosseto, im imperia, is isernia, kr crotone, lc lecco, le lecce, li livorno, lo lodi, lt
latina, lu lucca, mb monza e brianza, mb monza e della brianza, mc macerata, me messina, mi milano, mi milan, mn
mantova, mo modena, ms massa carrara, mt matera, na napoli, na naples, no novara, nu nuoro, or oristano, pa
palermo, pc piacenza, pd padova, pd padua, pe pescara, pg perugia, pi pisa, pn pordenone, po prato, pr parma, pt
pistoia, pu pesaro e urbino, pv pavia, pz potenza, ra ravenna, rc reggio calabria, rc reggio di calabria, re
reggio emilia, re reggio nell emilia, rg ragusa, ri rieti, rm roma, rm rome, rn rimini, ro rovigo, sa salerno,
si siena, so sondrio, sp la spezia, sr siracusa, sr syracuse, ss sassari, su sud sardegna, sv savona, ta
taranto, te teramo, tn trento, tp trapani, tr terni, ts trieste, to torino, to turin, tv treviso, ud udine, va
varese, vb verbano cusio ossola, vc vercelli, ve venezia, ve venice, vi vicenza, vr verona, vt viterbo, vv vibo
valentia"""


def _by_name(table: str) -> dict[str, str]:
    pairs = [entry.split(maxsplit=1) for entry in table.split(",")]
    names = {unaccented(name): code for code, name in pairs}
    return {code: code for code in names.values()} | names


STATES = {
    "US": _by_name(_UNITED_STATES_PRESS) | _by_name(_UNITED_STATES),
    "CA": _by_name(_CANADA) | {"pq": "qc"},
    "AU": _by_name(_AUSTRALIA),
    "BR": _by_name(_BRAZIL),
    "MX": _by_name(_MEXICO),
    "IN": _by_name(_INDIA),
    "IT": _by_name(_ITALY),
}
