// The console without a build step: theme, UTC or local time, "/" for the search, charts.
"use strict";
(() => {
  const store = {
    get: (key) => { try { return localStorage.getItem(key) || ""; } catch { return ""; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* for this page only */ } },
  };
  const root = document.documentElement;
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

  // -- time

  const local = () => store.get("capi-clock") === "local";
  const two = (number) => String(number).padStart(2, "0");

  function clockText(date) {
    const part = local()
      ? [date.getFullYear(), date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()]
      : [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()];
    return `${part[0]}-${two(part[1])}-${two(part[2])} ${two(part[3])}:${two(part[4])}:${two(part[5])}`;
  }

  function showTimes(within) {
    for (const time of within.querySelectorAll("time[datetime]")) {
      const text = clockText(new Date(time.dateTime)) + (local() ? "" : " UTC");
      if (time.classList.contains("ago")) time.title = text;
      else { time.textContent = text.replace(" UTC", ""); time.title = text; }
    }
  }

  function clockButton() {
    const button = document.querySelector("[data-clock]");
    const name = () => { button.textContent = local() ? "Local time" : "UTC"; };
    button.title = "Show times in UTC or in local time";
    button.hidden = false;
    name();
    button.addEventListener("click", () => {
      store.set("capi-clock", local() ? "utc" : "local");
      name();
      showTimes(document);
      drawCharts(document, true);
    });
  }

  // -- theme

  function themeButton() {
    const button = document.querySelector("[data-theme-switch]");
    const name = () => { button.textContent = dark() ? "Light" : "Dark"; };
    button.title = "Light or dark";
    button.hidden = false;
    name();
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      store.set("capi-theme", root.dataset.theme);
      name();
      drawCharts(document, true);
    });
  }

  // -- keyboard

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const search = document.querySelector("[data-search]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey || !search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

  // -- charts: <div class="chart" data-series='{"x": [s], "series": [{"label", "values"}], "unit": ""}'>

  const colour = (index) => getComputedStyle(root).getPropertyValue(`--series-${index % 6 + 1}`).trim();
  const plots = new Map();

  function draw(place) {
    const data = JSON.parse(place.dataset.series);
    plots.get(place)?.destroy();
    place.textContent = "";
    const ink = getComputedStyle(root).getPropertyValue("--muted").trim();
    const line = getComputedStyle(root).getPropertyValue("--line").trim();
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui, sans-serif" };
    const options = {
      width: place.clientWidth,
      height: Number(place.dataset.height || 160),
      tzDate: (stamp) => local() ? new Date(stamp * 1e3) : uPlot.tzDate(new Date(stamp * 1e3), "Etc/UTC"),
      cursor: { points: { size: 6 } },
      legend: { live: true },
      scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] } },
      padding: [null, 24, null, null],
      axes: [{ ...axis, values: (_, stamps, axisIndex, space, step) => stamps.map((stamp) => clockText(new Date(stamp * 1e3)).slice(...(step < 86400 ? [11, 16] : [5, 10]))) }, { ...axis, size: 56 }],
      series: [
        { label: "Time", value: (_, stamp) => stamp == null ? "–" : clockText(new Date(stamp * 1e3)).slice(0, 16) },
        ...data.series.map((one, index) => ({
          label: one.label, stroke: colour(index), width: 2, points: { show: data.x.length < 3 },
          fill: data.series.length === 1 ? `${colour(0)}22` : undefined,
          value: (_, value) => value == null ? "–" : value.toLocaleString("en") + (data.unit ? ` ${data.unit}` : ""),
        })),
      ],
    };
    plots.set(place, new uPlot(options, [data.x, ...data.series.map((one) => one.values)], place));
  }

  function drawCharts(within, again = false) {
    for (const [place, plot] of plots) {
      if (!place.isConnected) { plot.destroy(); plots.delete(place); }
    }
    const places = [...within.querySelectorAll(".chart[data-series]")];
    if (within.matches?.(".chart[data-series]")) places.push(within);
    for (const place of places) {
      if (again || !plots.has(place)) draw(place);
    }
  }

  let resized;
  addEventListener("resize", () => {
    clearTimeout(resized);
    resized = setTimeout(() => {
      for (const [place, plot] of plots) plot.setSize({ width: place.clientWidth, height: plot.height });
    }, 100);
  });

  // -- what htmx brings in

  document.addEventListener("htmx:load", (event) => {
    showTimes(event.detail.elt);
    drawCharts(event.detail.elt);
  });
  // an error page of the server's is no figure: what is shown stays, and says that it is old
  document.addEventListener("htmx:responseError", () => root.classList.add("stale"));
  document.addEventListener("htmx:sendError", () => root.classList.add("stale"));
  document.addEventListener("htmx:afterOnLoad", () => root.classList.remove("stale"));

  // on a phone the pages' names are wider than the screen: this page's is in sight
  const here = document.querySelector(".top nav [aria-current]");
  if (here) here.closest("nav").scrollLeft = here.offsetLeft - 40;

  clockButton();
  themeButton();
  showTimes(document);
  drawCharts(document);
})();
