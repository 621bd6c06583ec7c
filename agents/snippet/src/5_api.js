// What a page may call, and when things happen by themselves.

const config = { consent: "denied", tiktokPageView: "" }; // PageView is no standard event of TikTok's
const early = []; // events before the visitor's answer, in this page's memory only
let choice; // the visitor's answer: "granted", "limited", false; none yet: nothing leaves this page
let issuedId;
let referrer = document.referrer;
let seenUrl = referrer;

const here = () => location.href.split("#")[0];

const takeId = () => {
  const id = issuedId || newId();
  issuedId = "";
  if (choice)
    fetch(config.url + "/v1/id")
      .then((answer) => answer.json())
      .then((answer) => (issuedId = answer.event_id))
      .catch(() => {});
  return id;
};

const send = (event) => {
  touchSession();
  event.session_id = session;
  event.consent = choice;
  event.browser_fired = event.custom_data ? fire(event) : [];
  queue.push(event);
  // a copy whose pixel is still loading may tell in 3 s whether it fired
  plan(event.browser_fired.every(isThere) ? 100 : 3e3);
};

const happened = (event_name, more) => {
  const event = {
    event_name,
    event_id: takeId(),
    timestamp: Date.now(),
    event_source_url: here(),
    referrer_url: referrer,
    ...more,
  };
  choice ? send(event) : (choice ?? early.push(event));
  return event.event_id;
};

// A withdrawal must be heard: the collector ends the session and forgets the visitor.
const withdraw = () => {
  const known = cookies();
  const session_id = known._capi_s || session;
  session = early.length = flight.length = 0;
  queue = session_id ? [{ event_name: "Consent", session_id, consent: "denied", user_data: browserIds() }] : [];
  for (const name of ["_capi_s", "_fbc", "ttclid"]) known[name] && setCookie(name, "", 0);
  attempt(() => delete localStorage._capi);
  flush();
};

const moved = () => {
  here() != seenUrl && api.page();
};

const followPages = () => {
  for (const name of ["pushState", "replaceState"]) {
    const original = history[name];
    history[name] = function () {
      original.apply(this, arguments);
      moved();
    };
  }
  addEventListener("popstate", moved);
  addEventListener("pageshow", (event) => event.persisted && api.page());
  api.page();
};

const api = {
  init: (given) => {
    if (config.key) return;
    Object.assign(config, given);
    if (config.consent != "denied") api.consent(config.consent);
    config.page || followPages();
  },
  consent: (said) => {
    choice = /^(granted|limited)$/.test(said) && said;
    if (!choice) return withdraw();
    keepClicks();
    early.splice(0).forEach(send);
    attempt(() => queue.unshift(...JSON.parse(localStorage._capi)) && delete localStorage._capi);
    plan(100);
  },
  track: (name, custom_data = {}, more) => happened(name, { custom_data, ...more }),
  identify: (user_data, more) => happened("Identify", { user_data, ...more }),
  page: () => {
    referrer = seenUrl;
    seenUrl = here();
    return api.track("PageView");
  },
};
