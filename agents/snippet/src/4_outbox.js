// Events on their way to the collector: in `queue`, then in `flight` until they are answered.

const BATCH = 20; // events
let queue = [];
let flight = [];
let failures = 0;
let timer;

const plan = (ms) => (timer ||= setTimeout(flush, ms));

const forWire = (event) => ({
  ...event,
  browser_fired: event.browser_fired?.filter(isThere),
  user_data: { ...browserIds(), ...event.user_data },
});

const nextBody = () => JSON.stringify({ key: config.key, events: queue.slice(0, BATCH).map(forWire) });

const flush = () => {
  timer = clearTimeout(timer);
  if (!queue[0] || flight[0]) return;
  const body = nextBody();
  const batch = (flight = queue.splice(0, BATCH));
  // browsers refuse to let more than 64 kB outlive the page; a character is at most three bytes
  fetch(config.url + "/v1/events", { method: "POST", body, credentials: "include", keepalive: body.length < 2e4 })
    .then((answer) => {
      // a refusal would be one the next time, too; overload and outages are not
      if (/408|429|5../.test(answer.status)) throw 0;
      failures = 0;
      flight = [];
      plan(0);
    })
    .catch(() => {
      queue = batch.concat(queue); // emptied by a withdrawal
      flight = [];
      plan(1e3 * 2 ** (failures++ % 7)); // 1, 2, 4, … 64 s, and from the start
    });
};

// What is kept over the page's end holds nobody's data in the clear: no identity, no URL's query, nothing with an @.
const inTheClear = (name, value) => (/@/.test(value) ? "" : /_url$/.test(name) ? value.split("?")[0] : value);

const leave = () => {
  if (!choice) return;
  while (!failures && navigator.onLine && queue[0] && navigator.sendBeacon(config.url + "/v1/events", nextBody()))
    queue.splice(0, BATCH);
  const kept = queue.filter((event) => !event.user_data);
  if (kept[0]) attempt(() => (localStorage._capi = JSON.stringify(kept, inTheClear)));
};

const wake = () => {
  if (!choice) return;
  attempt(() => delete localStorage._capi);
  flush();
};
