// Once a page: take over from the stub, then run what it was called with.

const stub = window.capi;
const script = document.currentScript;
const capi = (window.capi = (name, ...rest) => attempt(() => api[name](...rest)));
for (const name in api) capi[name] = (...rest) => capi(name, ...rest);
capi.q = { push: (call) => capi(...call) };

const start = () => {
  config.url = script?.src.split("/capi.js")[0];
  script?.dataset.key && capi.init(script.dataset);
  stub?.q?.forEach(capi.q.push);
};

addEventListener("online", wake);
addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : wake()));
document.prerendering ? document.addEventListener("prerenderingchange", start) : start();
