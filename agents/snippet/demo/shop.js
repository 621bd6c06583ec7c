// A shop of one page: the catalogue, an article, the basket, the order. Its only words to the snippet are
// capi.track, capi.identify and capi.consent; page views come by themselves.
const CURRENCY = "EUR";
const basket = new Map(); // article id -> quantity
const main = document.getElementById("main");
const euro = (value) => new Intl.NumberFormat("en-IE", { style: "currency", currency: CURRENCY }).format(value);
const find = (id) => CATALOGUE.find((article) => article.id == id);

const total = () => [...basket].reduce((sum, [id, quantity]) => sum + find(id).price * quantity, 0);
const contents = () => [...basket].map(([id, quantity]) => ({ id, quantity, item_price: find(id).price }));
const data = (article) => ({
  value: article.price,
  currency: CURRENCY,
  content_type: "product",
  contents: [{ id: article.id, quantity: 1, item_price: article.price }],
});

const drawing = (article) =>
  `<svg viewBox="0 0 96 96" role="img" aria-label="${article.name}"><path d="${article.path}" fill="${article.glaze}" fill-rule="evenodd"/></svg>`;

const card = (article) => `
  <a class="card" href="/demo/p/${article.id}" data-to="/demo/p/${article.id}">
    ${drawing(article)}<span>${article.name}</span><b>${euro(article.price)}</b>
  </a>`;

function home() {
  main.innerHTML = `<h1>Made by hand, fired twice</h1><div class="grid">${CATALOGUE.map(card).join("")}</div>`;
}

function product(id) {
  const article = find(id);
  if (!article) return home();
  main.innerHTML = `
    <article class="product">
      <div class="picture">${drawing(article)}</div>
      <div>
        <h1>${article.name}</h1>
        <p class="price">${euro(article.price)}</p>
        <p>Stoneware, glazed in the colours of our harbour. Each piece is a little different.</p>
        <button class="main" data-add="${article.id}">Add to basket</button>
      </div>
    </article>`;
  capi.track("ViewContent", data(article));
}

function cart() {
  if (!basket.size) {
    main.innerHTML = `<h1>Your basket is empty</h1><p><a href="/demo" data-to="/demo">Look around</a></p>`;
    return;
  }
  const line = ([id, quantity]) => `<li>${drawing(find(id))}<span>${quantity} × ${find(id).name}</span><b>${euro(find(id).price * quantity)}</b></li>`;
  main.innerHTML = `
    <h1>Your basket</h1>
    <ul class="lines">${[...basket].map(line).join("")}<li class="sum"><span>Total</span><b>${euro(total())}</b></li></ul>
    <form class="order" id="order">
      <label>E-mail <input type="email" name="email" autocomplete="email" placeholder="you@example.com" required></label>
      <button class="main">Order and pay ${euro(total())}</button>
    </form>`;
  capi.track("InitiateCheckout", { value: total(), currency: CURRENCY, contents: contents() });
}

function thanks() {
  main.innerHTML = `<h1>Thank you</h1><p>Your pots are on the wheel. This was a demo: nothing was charged, nothing will be shipped.</p>
    <p><a href="/demo" data-to="/demo">Back to the shop</a></p>`;
}

const pages = { p: product, cart, thanks };

function show() {
  const [, , page, id] = location.pathname.split("/");
  document.getElementById("count").textContent = [...basket.values()].reduce((sum, quantity) => sum + quantity, 0);
  (pages[page] || home)(id);
}

function go(path) {
  history.pushState({}, "", path);
  show();
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

function order(form) {
  const order_id = "demo-" + Date.now();
  capi.identify({ em: form.get("email") });
  capi.track("Purchase", { value: total(), currency: CURRENCY, order_id, contents: contents() });
  basket.clear();
  go("/demo/thanks");
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-to], [data-add], [data-consent]");
  if (!target) return;
  event.preventDefault();
  const { to, add, consent } = target.dataset;
  if (to) go(to);
  if (add) {
    basket.set(add, (basket.get(add) || 0) + 1);
    capi.track("AddToCart", data(find(add)));
    go("/demo/cart");
  }
  if (consent) {
    capi.consent(consent);
    document.getElementById("consent").hidden = true;
  }
});
document.addEventListener("submit", (event) => {
  event.preventDefault();
  order(new FormData(event.target));
});
addEventListener("popstate", show);
show();
