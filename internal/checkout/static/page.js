// The page of an invoice that is paid to a person keeps itself up to date, and
// its values are copied with a button. Without this it works all the same.
"use strict";

(() => {
  const soon = 2000, late = 60000; // milliseconds before the next try
  let source = null, timer = 0, wait = soon, renewing = false;

  const main = () => document.querySelector("main");
  const tell = text => { document.getElementById("news").textContent = text; };
  const adorn = () => { for (const b of document.querySelectorAll("[data-copy]")) b.hidden = false; };

  const copy = async button => {
    const value = document.getElementById(button.dataset.copy), label = button.textContent;
    try {
      await navigator.clipboard.writeText(value.textContent);
    } catch { // an old browser, or a page without TLS
      getSelection().selectAllChildren(value);
      if (!document.execCommand("copy")) return;
    }
    tell(button.dataset.done);
    if (label === button.dataset.done) return;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; tell(""); }, soon);
  };

  // What the payer has chosen or is at stays, as far as it is still there.
  const put = fresh => {
    const before = main(), after = document.adoptNode(fresh.querySelector("main"));
    const focused = before.contains(document.activeElement);
    const chosen = before.querySelector("input[type=file]"), field = after.querySelector("input[type=file]");
    if (chosen && field && chosen.files.length) field.files = chosen.files;
    document.title = fresh.title;
    before.replaceWith(after);
    adorn();
    const title = after.querySelector("h1");
    if (focused) {
      title.tabIndex = -1;
      title.focus();
    }
    tell(title.textContent);
  };

  const renew = async () => {
    if (renewing) return;
    renewing = true;
    try {
      const answer = await fetch(main().dataset.page, { cache: "no-store" });
      if (!answer.ok) throw new Error("status " + answer.status);
      put(new DOMParser().parseFromString(await answer.text(), "text/html"));
      if (!main().dataset.events) close();
    } catch {
      again();
    } finally {
      renewing = false;
    }
  };

  const close = () => {
    clearTimeout(timer);
    if (source) source.close();
    source = null;
  };

  const again = () => {
    close();
    timer = setTimeout(open, wait);
    wait = Math.min(2 * wait, late);
  };

  // A browser has few connections to a server: pages that nobody sees have none.
  const open = () => {
    const address = main().dataset.events;
    if (source || document.hidden || !address) return;
    source = new EventSource(address);
    source.addEventListener("state", e => {
      wait = soon;
      if (e.data !== main().dataset.mark) renew();
    });
    source.addEventListener("left", e => {
      const left = document.querySelector("[data-left]");
      if (left) left.textContent = e.data;
    });
    source.addEventListener("error", () => { if (source && source.readyState === EventSource.CLOSED) again(); });
  };

  document.addEventListener("click", e => {
    const button = e.target.closest("[data-copy]");
    if (button) copy(button);
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) close(); else open(); });
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  adorn();
  open();
})();
