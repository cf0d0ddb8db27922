// keys.js - everything by keyboard: / search, f next failure, j and k through the tests, ? help.

const KEYS = [
  ["/", "search"], ["f  F", "next, previous failure"], ["j  k", "next, previous test"], ["Enter", "open the test"],
  ["t", "timeline"], ["← → + − 0", "in the timeline: along, closer, wider, whole"], ["Esc", "close, clear the search"], ["?", "this help"],
];
const WORDS = [
  ["cart", "in name, class, suite or message"], ['"two words"', "exactly so"], ["outcome:failed,error", "also: bad, flaky"],
  ["suite: test: class:", "in that name"], ["shard:7", "by number"], ["stack:orders", "where this stack was deployed"],
  ["fault:deploy", "tests, deploy, account, lost, stopped, flake"], [">30s  <200ms", "how long it took"], ["!x", "not x"], ["/a.*b/", "a regular expression"],
];

function definitions(pairs, tag) {
  return make("dl", {}, pairs.map(([term, meaning]) => make("div", {}, make("dt", {}, make(tag, {}, term)), make("dd", {}, meaning))));
}

function buildHelp() {
  const dialog = byId("help");
  dialog.append(make("h2", { id: "help-title" }, "Keys"), definitions(KEYS, "kbd"), make("h2", {}, "Words of the search box"),
    definitions(WORDS, "code"), make("p", {}, make("button", { type: "button", onclick: () => dialog.close() }, "Close")));
  byId("hint").hidden = false;
  return dialog;
}

function isTyping(target) {
  return target.matches("input, textarea, select, [contenteditable]");
}

/** One key, one act; keys with Ctrl, Alt or Meta stay the browser's. */
function listenToKeys({ bar, failures, list, detail }) {
  const help = buildHelp();
  const acts = {
    "/": () => bar.input.focus(),
    f: () => failures.step(1),
    F: () => failures.step(-1),
    j: () => list.step(1),
    k: () => list.step(-1),
    t: () => byId("timeline").scrollIntoView(),
    "?": () => help.showModal(),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || help.open) {
      return;
    }
    if (event.key === "Escape") {
      if (!byId("detail").hidden) {
        detail.close();
      } else if (event.target === bar.input) {
        bar.set("");
        bar.input.blur();
      }
      return;
    }
    if (event.key === "Enter" && event.target === bar.input) {
      list.select(0);
      event.preventDefault();
      return;
    }
    if (!isTyping(event.target) && acts[event.key]) {
      event.preventDefault();
      acts[event.key]();
    }
  });
}
