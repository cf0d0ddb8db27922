// state.js - what is chosen now, kept in the address: #q=<query>&sort=<column>&t=<test case>.
// A sandbox may refuse history, storage and the clipboard: then the page works without.

const state = { query: "", sort: "order", isDown: false, opened: "" };

function guarded(act, otherwise) {
  try {
    return act();
  } catch {
    return otherwise;
  }
}

function readAddress() {
  const parts = new URLSearchParams(guarded(() => location.hash.slice(1), ""));
  state.query = parts.get("q") || "";
  const sort = parts.get("sort") || "order";
  state.isDown = sort.startsWith("-");
  state.sort = sort.replace(/^-/, "");
  state.opened = parts.get("t") || "";
}

function addressOf({ query, sort, isDown, opened }) {
  const parts = new URLSearchParams();
  if (query) {
    parts.set("q", query);
  }
  if (sort !== "order" || isDown) {
    parts.set("sort", (isDown ? "-" : "") + sort);
  }
  if (opened) {
    parts.set("t", opened);
  }
  return `#${parts}`;
}

function writeAddress() {
  guarded(() => history.replaceState(null, "", addressOf(state)));
}
