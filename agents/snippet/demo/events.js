// Plays TikTok's events.js: takes what the stub kept, then answers itself, tells the panel.
(function () {
  const methods = {
    page() {},
    identify() {},
    ready: (callback) => callback(),
    track: (name, data, options) => panel.fired("tiktok", name, data, options && options.event_id),
  };
  const kept = ttq.splice(0);
  Object.assign(ttq, methods);
  kept.forEach(([method, ...call]) => methods[method](...call));
})();
