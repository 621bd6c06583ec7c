// Shows each event once, by its id, and which ways it went. It listens to what the snippet sends.
window.panel = (function () {
  const rows = new Map(); // event_id -> {name, meta, tiktok, server}
  const copies = []; // every browser copy, in order
  const labels = { meta: "Meta", tiktok: "TikTok", server: "Server" };

  function note(id, name, way) {
    const row = rows.get(id) || { name };
    rows.set(id, Object.assign(row, { [way]: true }));
    draw();
  }

  function draw() {
    const list = document.getElementById("sent");
    if (!list) return addEventListener("DOMContentLoaded", draw, { once: true });
    document.getElementById("nothing").hidden = rows.size > 0;
    list.replaceChildren(
      ...[...rows].reverse().map(([id, row]) => {
        const item = document.createElement("li");
        const name = document.createElement("b");
        const code = document.createElement("code");
        const ways = document.createElement("span");
        name.textContent = row.name;
        code.textContent = id;
        ways.className = "ways";
        for (const way in labels) {
          const mark = document.createElement("i");
          mark.textContent = labels[way];
          mark.className = row[way] ? "yes" : "no";
          mark.title = row[way] ? labels[way] + " has it" : labels[way] + " has no copy";
          ways.append(mark);
        }
        item.append(name, ways, code);
        return item;
      }),
    );
  }

  function sent(body) {
    for (const event of JSON.parse(body).events) if (event.consent != "denied") note(event.event_id, event.event_name, "server");
  }

  const fetchIt = window.fetch;
  window.fetch = async function (address, options) {
    const answer = await fetchIt(address, options);
    if (options && options.body && answer.ok) sent(options.body);
    return answer;
  };

  return {
    copies,
    fired(platform, name, data, id) {
      copies.push({ platform, name, data, id });
      note(id, name, platform);
    },
  };
})();
