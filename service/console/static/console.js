// Everything works without this; with it, lists change in place and cards can be dragged.
(() => {
  "use strict";
  const main = () => document.getElementById("main");
  let shown = location.pathname + location.search;

  async function show(address, push) {
    const before = main();
    before.setAttribute("aria-busy", "true");
    let answer;
    try {
      answer = await fetch(address, { credentials: "same-origin", headers: { Accept: "text/html" } });
    } catch {
      location.assign(address);
      return;
    }
    if (answer.redirected || !(answer.headers.get("content-type") || "").startsWith("text/html")) {
      location.assign(address);
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("main");
    if (!fresh) {
      location.assign(address);
      return;
    }
    const held = document.activeElement && document.activeElement.name
      ? [document.activeElement.name, document.activeElement.value] : null;
    before.replaceWith(document.adoptNode(fresh));
    const foot = page.querySelector(".foot");
    if (foot) document.querySelector(".foot").replaceWith(document.adoptNode(foot));
    document.title = page.title;
    if (push) history.pushState({}, "", address);
    shown = location.pathname + location.search;
    const again = held && [...fresh.querySelectorAll("input, select")].find(
      (field) => field.name === held[0] && field.value === held[1]);
    if (again) again.focus({ preventScroll: true });
    ready();
  }

  function addressOf(form) {
    const address = new URL(form.action, location.href);
    const asked = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value !== "") asked.append(name, value);
    address.search = asked;
    return address;
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-send]");
    if (form) show(addressOf(form), true);
    const list = event.target.closest(".listform");
    if (list) tick(list);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.confirm && !confirm(form.dataset.confirm)) event.preventDefault();
    else if (form.matches("form[data-send]")) {
      event.preventDefault();
      show(addressOf(form), true);
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) {
      event.preventDefault();
      print();
      return;
    }
    const link = event.target.closest(".chips a, .pages a, a[data-swap]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    show(link.href, true);
    scrollTo(0, 0);
  });

  // A jump within the page ("skip to content") is also a popstate: only another address is fetched.
  addEventListener("popstate", () => {
    if (location.pathname + location.search !== shown) show(location.href, false);
  });

  // The sums of a list are half of its elements: a browser with scripts makes those of a lead
  // when they are opened. In a list that was fetched they are elements already.
  document.addEventListener("toggle", (event) => {
    const held = event.target.querySelector(":scope > noscript");
    if (!held) return;
    const page = new DOMParser().parseFromString(held.textContent, "text/html");
    held.replaceWith(...(held.firstElementChild ? held.childNodes : page.body.childNodes));
  }, true);

  // Two leads are compared: the button says so only when two are ticked.
  function tick(list) {
    const count = list.querySelectorAll("input[name=enterprise_id]:checked").length;
    const button = list.querySelector(".pager button");
    if (button) button.disabled = count !== 2;
  }

  // A card dropped on another pool sends the form that its buttons send.
  let dragged = null;
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest && event.target.closest(".card[draggable]");
  });
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      const pool = event.target.closest && event.target.closest(".pool");
      if (!pool || !dragged) return;
      const button = dragged.querySelector(`button[data-to="${pool.dataset.pool}"]`);
      pool.classList.toggle("over", name === "dragover" && Boolean(button));
      if (!button) return;
      event.preventDefault();
      if (name === "drop") button.click();
    });
  }

  // What takes long to compute is fetched after the page is there, from a page of its own.
  async function load(part) {
    part.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(part.dataset.load, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = answer.ok && !answer.redirected && page.getElementById(part.id);
      if (fresh && part.isConnected) part.replaceWith(document.adoptNode(fresh));
    } catch { /* its link stays */ }
    part.removeAttribute("aria-busy");
  }

  function ready() {
    document.querySelectorAll("[data-load]").forEach(load);
    document.querySelectorAll("[data-print]").forEach((button) => { button.hidden = false; });
    document.querySelectorAll("form[data-send] > button").forEach((button) => { button.hidden = true; });
    document.querySelectorAll(".listform").forEach(tick);
  }
  ready();
})();
