// Shows one case's hint, and asks every second whether it still stands. Whatever goes wrong, it shows none.
(() => {
  "use strict";
  const EVERY = 1000; // milliseconds; with PATIENCE less than the two seconds after which a hint must be gone
  const PATIENCE = 900;
  const place = document.getElementById("hint");
  const over = document.getElementById("over");
  let token = "";
  let tag = "";

  const show = (part) => {
    const there = Boolean(part && "there" in part.dataset);
    place.replaceChildren(...(there ? [part] : []));
    over.hidden = there;
    tag = part ? part.dataset.tag : "";
  };

  // The token leaves the address at once: nobody reads it there later.
  const take = () => {
    if (location.hash.length < 2) return;
    token = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
    show(null);
  };

  const ask = async () => {
    const asked = token;
    try {
      const answer = await fetch(place.dataset.source, {
        method: "POST",
        body: new URLSearchParams({ token, tag }),
        credentials: "omit",
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE),
      });
      const text = answer.status === 200 ? await answer.text() : "";
      if (asked !== token) return;
      if (answer.status === 200) {
        const page = new DOMParser().parseFromString(text, "text/html");
        show(document.importNode(page.body.firstElementChild, true));
      } else if (answer.status !== 204) {
        show(null);
        if (answer.status === 404) token = "";
      }
    } catch {
      if (asked === token) show(null);
    }
  };

  // A page that nobody sees asks nothing and keeps nothing.
  const turn = async () => {
    if (document.hidden) show(null);
    else if (token) await ask();
    setTimeout(turn, EVERY);
  };

  addEventListener("hashchange", take);
  take();
  turn();
})();
