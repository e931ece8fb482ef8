// Progressive enhancement only: every form here also works as it stands. Whatever goes wrong in this file
// ends in the browser's own submission of the same form.
(() => {
  "use strict";

  const status = () => document.getElementById("status");

  const announce = (page) => {
    const said = page.getElementById("status");
    if (said && status()) status().replaceChildren(...said.childNodes);
  };

  // Swaps each part marked data-live for its twin in the page the server answered with.
  const refreshFrom = (page) => {
    const focused = document.activeElement?.id;
    for (const part of document.querySelectorAll("[data-live][id]")) {
      const twin = page.getElementById(part.id);
      if (twin) part.replaceWith(document.importNode(twin, true));
    }
    if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
  };

  const load = async (url, options = {}) => {
    const answer = await fetch(url, { credentials: "same-origin", ...options });
    if (!answer.ok) throw new Error(String(answer.status));
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  // Switches: saved at once and announced, without losing one's place on the page.
  const flip = async (form) => {
    const id = form.id;
    const button = form.querySelector("[role=switch]");
    button.setAttribute("aria-busy", "true");
    try {
      const page = await load(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (!page.getElementById(id)) throw new Error("another page"); // signed out, or asked to confirm
      refreshFrom(page);
      const current = document.getElementById(id);
      if (current === form) form.replaceWith(document.importNode(page.getElementById(id), true));
      document.getElementById(id).querySelector("[role=switch]").focus();
      announce(page);
    } catch {
      form.submit();
    }
  };

  const chooseTheme = (form, button) => {
    document.dispatchEvent(new CustomEvent("theme:chosen", { detail: button.value }));
    for (const other of form.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
    const body = new URLSearchParams(new FormData(form));
    body.set(button.name, button.value);
    load(form.action, { method: "POST", body }).catch(() => {}); // the device remembers; the account will next time
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches(".switch-form")) {
      event.preventDefault();
      if (form.querySelector("[aria-busy=true]") === null) flip(form);
    } else if (form.matches("[data-theme-form]") && event.submitter) {
      event.preventDefault();
      chooseTheme(form, event.submitter);
    } else if (form.dataset.sent) {
      event.preventDefault(); // a double click sends once
    } else if (form.method === "post") {
      form.dataset.sent = "1";
    }
  });
  // A page brought back from the browser's memory may be sent again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // The typed word: the button wakes up when the word is there. The server checks it again.
  for (const input of document.querySelectorAll("[data-confirm-word]")) {
    const button = input.form.querySelector("[data-confirms]");
    const check = () => { button.disabled = input.value.trim() !== input.dataset.confirmWord; };
    input.addEventListener("input", check);
    check();
  }

  // Menus close with Escape and with a click elsewhere.
  const menus = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) {
      menu.open = false;
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
  });

  // Real progress: asks again while the page shows some, stops when it no longer does.
  const watch = () => {
    const running = document.querySelector("[data-refresh]");
    if (!running) return;
    setTimeout(async () => {
      try {
        if (!document.hidden) {
          const page = await load(location.href);
          refreshFrom(page);
          announce(page);
        }
      } catch { /* a missed look is made up by the next */ }
      watch();
    }, Math.max(2, Number(running.dataset.refresh) || 5) * 1000);
  };
  watch();
})();
