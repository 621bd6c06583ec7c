// Plays Meta's fbevents.js: takes what the stub kept, sets the cookie _fbp as the pixel does, tells the panel.
(function () {
  if (!/(^|; )_fbp=/.test(document.cookie)) {
    const random = Math.floor(Math.random() * 2e9);
    document.cookie = "_fbp=fb.1." + Date.now() + "." + random + ";path=/;max-age=7776000;samesite=lax";
  }
  fbq.callMethod = function (method, name, data, options) {
    if (method.startsWith("track")) panel.fired("meta", name, data, options && options.eventID);
  };
  fbq.queue.splice(0).forEach((call) => fbq.callMethod(...call));
})();
