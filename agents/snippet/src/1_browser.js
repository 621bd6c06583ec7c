// What the browser keeps for us. Every access may be refused (blocked cookies and storage, sandboxed frames).

let domain; // the widest one that takes our cookies, so that shop. and checkout. share a visit
let level = 0; // how many labels it has
let session;
let lastEventMs;

const attempt = (action) => {
  try {
    return action();
  } catch {}
};

const cookies = () =>
  attempt(() => Object.fromEntries(document.cookie.split("; ").map((pair) => pair.split(/=(.*)/)))) || {};

const writeCookie = (pair, rest) => attempt(() => (document.cookie = pair + ";path=/;samesite=lax;max-age=" + rest));

// A collector on the page's own host sets the host's cookies; one of the same name would hide ours.
const setCookie = (name, value, ageS) => {
  domain || findDomain();
  writeCookie(name + "=", 0);
  writeCookie(name + "=" + value, ageS + ";domain=" + domain);
};

const findDomain = () => {
  const labels = location.hostname.split(".");
  while (labels[level] && !cookies()._capi_d) {
    domain = labels.slice(-++level).join(".");
    setCookie("_capi_d", 1, 9);
  }
  setCookie("_capi_d", 1, 0);
};

// Pages without TLS have no randomUUID.
const newId = () => attempt(() => crypto.randomUUID()) || Date.now() + "-" + Math.random();

// A visit ends after 30 minutes without an event: by its cookie's age, or without cookies by the last event's time.
const touchSession = () => {
  session = cookies()._capi_s || (Date.now() - lastEventMs < 18e5 && session) || newId();
  lastEventMs = Date.now();
  setCookie("_capi_s", session, 1800);
};
