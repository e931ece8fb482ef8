// Progressive enhancement only: every form here also works as it stands. Whatever goes wrong in this file
// ends in the browser's own submission of the same form.
(() => {
  "use strict";

  const status = () => document.getElementById("status");

  const announce = (page) => {
    const said = page.getElementById("status");
    if (said?.childElementCount && status()) status().replaceChildren(...said.childNodes);
  };

  // Swaps each part marked data-live for its twin in the page the server answered with.
  const refreshFrom = (page) => {
    const focused = document.activeElement?.id;
    for (const part of document.querySelectorAll("[data-live][id]")) {
      const twin = page.getElementById(part.id);
      if (!twin) continue;
      const fresh = document.importNode(twin, true);
      const opened = [...part.querySelectorAll("details")].map((details) => details.open);
      fresh.querySelectorAll("details").forEach((details, at) => { details.open = opened[at] ?? details.open; });
      part.replaceWith(fresh);
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
    const id = form.getAttribute("id"); // not form.id: a field of that name would hide it
    const button = form.querySelector("[role=switch]");
    button.setAttribute("aria-busy", "true");
    try {
      const page = await load(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (!page.getElementById(id)) throw new Error("another page"); // signed out, or asked to confirm
      refreshFrom(page);
      const current = document.getElementById(id);
      if (current === form) form.replaceWith(document.importNode(page.getElementById(id), true));
      document.getElementById(id).querySelector("[role=switch]").focus();
      announce(page);
    } catch {
      HTMLFormElement.prototype.submit.call(form);
    }
  };

  const chooseTheme = (form, button) => {
    document.dispatchEvent(new CustomEvent("theme:chosen", { detail: button.value }));
    for (const other of form.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
    const body = new URLSearchParams(new FormData(form));
    body.set(button.name, button.value);
    load(form.getAttribute("action"), { method: "POST", body }).catch(() => {}); // the device remembers; the account will next time
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
    } else if (form.getAttribute("method") === "post") {
      form.dataset.sent = "1";
      setTimeout(() => { delete form.dataset.sent; }, 3000); // an answer that is a download leaves the page here
    }
  });

  // The typed word: the button wakes up when the word is there. The server checks it again.
  const checkWord = (input) => {
    const button = input.form.querySelector("[data-confirms]");
    if (button) button.disabled = input.value.trim() !== input.dataset.confirmWord;
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-confirm-word]")) checkWord(event.target);
  });
  document.querySelectorAll("[data-confirm-word]").forEach(checkWord);

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
