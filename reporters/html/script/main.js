// main.js - the page that reads without a script becomes one that answers questions.

function draw(parts) {
  const accepts = parseQuery(state.query);
  const matching = state.query === "" ? parts.model.rows : parts.model.rows.filter(accepts);
  parts.bar.show(matching);
  parts.failures.show(accepts);
  parts.list.show(matching);
  parts.timeline.show(state.query === "" ? null : new Set(matching.map((row) => row.suite)));
}

function follow(parts) {
  readAddress();
  parts.bar.input.value = state.query;
  draw(parts);
  if (state.opened) {
    parts.detail.openAnchor(state.opened);
  }
}

/** Links inside the page go there without touching the address, which holds the query. */
function keepAddress() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    const target = link && byId(decodeURIComponent(link.getAttribute("href").slice(1)));
    if (target) {
      event.preventDefault();
      target.scrollIntoView();
      target.setAttribute("tabindex", "-1");
      target.focus({ preventScroll: true });
    }
  });
}

async function start() {
  const model = await loadModel();
  const detail = new Detail(model, model.rows);
  const open = (row) => detail.open(row);
  const parts = { model, detail };
  byId("scriptless").remove();
  byId("tests").hidden = false;
  byId("timeline").hidden = false;
  parts.bar = new Bar(model, () => draw(parts));
  parts.failures = new FailureList(byId("failures"), model, open);
  parts.timeline = new Timeline(byId("timeline"), model, (suite) => {
    const worst = [...suite.rows].sort((a, b) => badness(a) - badness(b))[0];
    worst && open(worst);
  });
  parts.list = new TestList(byId("tests"), model.rows, open);
  listenToKeys(parts);
  keepAddress();
  follow(parts);
  addEventListener("hashchange", () => follow(parts));
  document.documentElement.dataset.ready = "true";
}

start().catch((error) => {
  byId("scriptless").textContent = `The rest of this page could not be built: ${error.message}`;
});
