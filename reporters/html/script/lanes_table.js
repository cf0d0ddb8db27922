// lanes_table.js - what the timeline draws, as a table that can be read aloud: where the lanes' time went.

function percent(part, whole) {
  return whole > 0 ? `${Math.round((100 * part) / whole)}%` : "0%";
}

function laneLine(lane) {
  const cells = ["wait", "deploy", "test", "idle"].map((phase) => make("td", {}, duration(lane.sums[phase])));
  return make("tr", {}, make("th", { scope: "row" }, `shard ${lane.number}`), make("td", {}, lane.account || ""), cells,
    make("td", {}, String(lane.skipped)), make("td", {}, duration(lane.end)), make("td", {}, lane.reason || "did not end"));
}

function lanesTable(model) {
  const sums = { wait: 0, deploy: 0, test: 0, idle: 0 };
  for (const lane of model.lanes) {
    Object.keys(sums).forEach((phase) => (sums[phase] += lane.sums[phase]));
  }
  const whole = sums.wait + sums.deploy + sums.test + sums.idle;
  const shares = Object.entries({ tests: sums.test, deploys: sums.deploy, waiting: sums.wait, idle: sums.idle })
    .map(([name, ms]) => `${name} ${duration(ms)} (${percent(ms, whole)})`).join(" · ");
  const heads = ["Lane", "Account", "Waited", "Deploys", "Tests", "Idle", "Stacks left alone", "End", "Why it ended"];
  const body = make("tbody");
  const table = make("table", { class: "lanes-table" },
    make("caption", {}, "Where each lane's time went; deploys and tests may overlap"),
    make("thead", {}, make("tr", {}, heads.map((head) => make("th", { scope: "col" }, head)))), body);
  const details = make("details", { ontoggle: () => {
    if (details.open && !body.hasChildNodes()) {
      body.append(...model.lanes.map(laneLine));
    }
  } }, make("summary", {}, `Lanes as a table: ${shares}`), make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Lanes" }, table));
  return make("div", {}, problemsList(model), details);
}

function problemsList(model) {
  if (model.problems.length === 0) {
    return null;
  }
  const total = model.problems.reduce((sum, problem) => sum + problem.times, 0);
  return make("details", {}, make("summary", {}, `${count(total, "problem")} of the infrastructure`),
    make("ul", {}, model.problems.map(({ kind, message, shard, at, times }) =>
      make("li", {}, make("strong", {}, kind || "problem"), ` ${message || ""}`,
        make("span", { class: "place" }, ` · ${shard > 0 ? `shard ${shard} · ` : ""}after ${duration(at)}${times > 1 ? ` · ${times} times` : ""}`)))));
}
