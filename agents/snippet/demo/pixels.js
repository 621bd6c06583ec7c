// Base codes as shops have them: each makes a stub that keeps calls, and loads the pixel's script. Both scripts are
// stand-ins of this demo, see fbevents.js and events.js; nothing goes to Meta or TikTok.
(function () {
  function load(source) {
    const element = document.createElement("script");
    element.async = true;
    element.src = source;
    document.head.append(element);
  }

  window.fbq = function (...call) {
    fbq.callMethod ? fbq.callMethod(...call) : fbq.queue.push(call);
  };
  fbq.queue = [];
  load("/demo/fbevents.js");
  fbq("init", "1234567890");

  window.ttq = [];
  for (const method of ["page", "track", "identify", "ready"])
    ttq[method] = function (...call) {
      ttq.push([method, ...call]);
    };
  load("/demo/events.js");
  ttq.page();
})();
