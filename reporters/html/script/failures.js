// failures.js - the failures, by whose fault and by cause: what the plain page lists one by one.

const MEMBERS_AT_FIRST = 5;
const CLUSTERS_AT_FIRST = 30;
const CAUSES_BESIDE_VERDICT = 4;

class FailureList {
  constructor(section, model, open) {
    this.box = byId("clusters");
    this.faults = model.faults;
    this.rows = model.rows.filter((row) => row.fault !== null);
    this.open = open;
    this.isAll = false;
    byId("plain").remove(); /* its first 50 are all among these */
    this.box.hidden = false;
    document.querySelector(".answer").append(this.topCauses());
  }

  /** Beside the verdict: what most of it comes from. */
  topCauses() {
    const clusters = clusterRows(this.rows.filter(({ fault }) => fault !== "flake" && fault !== "stopped"));
    const causes = clusters.slice(0, CAUSES_BESIDE_VERDICT).map((cluster) => {
      const first = cluster.rows[0];
      return make("li", {}, make("span", { class: "times" }, `×${cluster.rows.length}`), " ", outcomeMark(first.outcome), " ",
        make("button", { type: "button", class: "opener", onclick: () => this.open(first) }, cluster.title));
    });
    return make("ol", { class: "causes", "aria-label": "most frequent causes" }, causes);
  }

  show(accepts) {
    const rows = this.rows.filter(accepts);
    if (this.shown?.length === rows.length && rows.every((row, i) => row === this.shown[i])) {
      return; /* most keystrokes choose among those that passed */
    }
    this.shown = rows;
    const clusters = clusterRows(rows);
    const sections = this.faults
      .map((fault) => this.fault(fault, clusters.filter((cluster) => cluster.fault === fault.word)))
      .filter((section) => section);
    if (sections.length === 0) {
      const text = this.rows.length === 0 ? "Nothing failed." : "No failure matches the filter.";
      sections.push(make("p", { class: "nothing" }, text));
    }
    this.box.replaceChildren(...sections);
  }

  fault(fault, clusters) {
    if (clusters.length === 0) {
      return null;
    }
    const total = clusters.reduce((sum, cluster) => sum + cluster.rows.length, 0);
    const section = make("section", { class: "fault", id: `fault-${fault.word}` },
      make("h3", {}, `${fault.title} `, make("span", {}, String(total))),
      make("p", { class: "meaning" }, fault.meaning),
      clusters.slice(0, CLUSTERS_AT_FIRST).map((cluster) => this.cluster(cluster)));
    const rest = clusters.slice(CLUSTERS_AT_FIRST);
    if (rest.length > 0) {
      section.append(this.moreButton(count(rest.length, "more cause"), () => rest.map((one) => this.cluster(one))));
    }
    return section;
  }

  moreButton(title, build) {
    const button = make("button", { type: "button", class: "more", onclick: () => {
      const parts = build();
      button.replaceWith(...parts);
      parts[0].querySelector("button")?.focus();
    } }, title);
    return button;
  }

  cluster(cluster) {
    return cluster.rows.length === 1 ? this.single(cluster.rows[0]) : this.group(cluster);
  }

  opener(row, text) {
    return make("button", { type: "button", class: "opener", "data-anchor": rowAnchor(row), onclick: () => this.open(row) },
      text);
  }

  single(row) {
    const message = messageOf(row);
    return make("article", { class: "failure" },
      make("h4", {}, outcomeMark(row.outcome), " ", this.opener(row, row.name)),
      make("p", { class: "place" }, placeOf(row)),
      message ? textBlock(shortened(message, 1500), "message") : null,
      this.command(row.suite, [row]));
  }

  /** Of one test alone where the framework can select it and no other of its suite is meant. */
  command(suite, rows) {
    const command = rows.length === 1 ? commandOf(rows[0]) : suite.repro;
    return command ? commandLine(command, rows.length === 1 ? rows[0].name : suite.name) : null;
  }

  group(cluster) {
    const message = messageOf(cluster.rows[0]);
    const suites = new Map();
    for (const row of cluster.rows) {
      suites.set(row.suite, [...(suites.get(row.suite) || []), row]);
    }
    const members = [...suites];
    const list = make("ul", { class: "members" },
      members.slice(0, MEMBERS_AT_FIRST).map(([suite, rows]) => this.member(suite, rows)));
    const rest = members.slice(MEMBERS_AT_FIRST);
    if (rest.length > 0) {
      list.append(make("li", {},
        this.moreButton(count(rest.length, "more suite"), () => [
          make("ul", { class: "members" }, rest.map(([suite, rows]) => this.member(suite, rows)))])));
    }
    return make("article", { class: "failure cluster" },
      make("h4", {}, make("span", { class: "times" }, `×${cluster.rows.length}`), " ",
        outcomeMark(cluster.rows[0].outcome), " ", cluster.title),
      message ? textBlock(shortened(message, 1500), "message") : null,
      list);
  }

  member(suite, rows) {
    const names = rows.slice(0, MEMBERS_AT_FIRST).map((row) => this.opener(row, row.isSuite ? "whole suite" : row.name));
    const rest = rows.length - names.length;
    return make("li", {},
      make("p", { class: "place" }, make("span", { class: "suite" }, suite.name), ` · ${laneOf(suite)}`),
      make("p", { class: "names" }, names, rest > 0 ? make("span", { class: "place" }, `and ${rest} more here`) : null),
      this.command(suite, rows));
  }

  /** The next failure after the one that has the focus, or the first. */
  step(by) {
    const all = [...this.box.querySelectorAll(".opener")];
    const at = all.indexOf(document.activeElement);
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length];
    if (next) {
      next.focus({ preventScroll: true });
      reveal(next);
    }
  }
}

function laneOf(suite) {
  return `shard ${suite.shard}${suite.account ? ` · ${suite.account}` : ""}`;
}

function commandOf(row) {
  return row.detail?.repro || row.suite.repro || "";
}

function placeOf(row) {
  const line = row.detail?.line > 0 ? `:${row.detail.line}` : "";
  const file = row.detail?.file ? `${row.detail.file}${line} · ` : "";
  return `${row.isSuite ? "" : `${row.suite.name} · `}${file}${laneOf(row.suite)}`;
}

function rowAnchor(row) {
  row.anchor ||= anchorOf(row.suite.name, row.classname, row.caseName);
  return row.anchor;
}
