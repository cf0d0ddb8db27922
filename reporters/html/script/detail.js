// detail.js - one test case, whole: what it said each time, and the attempts of its suite side by side.

class Detail {
  constructor(model, rows) {
    this.box = byId("detail");
    this.model = model;
    this.rows = rows;
    this.before = null;
  }

  /** By the anchor of a link; false where no test of this run has it. */
  openAnchor(anchor) {
    const row = this.rows.find((one) => rowAnchor(one) === anchor);
    if (row) {
      this.open(row);
    }
    return row !== undefined;
  }

  open(row) {
    if (this.box.hidden) {
      this.before = document.activeElement;
    }
    state.opened = rowAnchor(row);
    writeAddress();
    const title = make("h2", { id: "detail-title", tabindex: "-1" }, outcomeMark(row.outcome), " ", row.name);
    const close = make("button", { type: "button", class: "close", onclick: () => this.close() }, "Close");
    this.box.replaceChildren(...[make("div", { class: "detail-head" }, title, close), this.facts(row),
      commandOf(row) ? commandLine(commandOf(row), row.name) : null, this.fault(row), this.results(row),
      this.attempts(row.suite), this.neighbours(row)].filter((part) => part));
    this.box.hidden = false;
    this.box.scrollTop = 0;
    title.focus({ preventScroll: true });
  }

  close() {
    if (this.box.hidden) {
      return;
    }
    this.box.hidden = true;
    state.opened = "";
    writeAddress();
    this.before?.isConnected && this.before.focus();
  }

  fault(row) {
    const fault = this.model.faults.find(({ word }) => word === row.fault);
    return fault ? make("p", { class: "meaning" }, make("strong", {}, fault.title), `: ${fault.meaning}`) : null;
  }

  facts(row) {
    const { suite } = row;
    const expected = suite.expected > 0 ? `, expected ${duration(suite.expected)} (${delta(suite)})` : "";
    const pairs = [
      ["suite", suite.name], ["class", row.isSuite ? "" : row.classname],
      ["file", row.detail?.file ? `${row.detail.file}${row.detail.line > 0 ? `:${row.detail.line}` : ""}` : suite.file],
      ["where", laneOf(suite)], ["took", `${duration(row.ms)}; the suite ${duration(suite.ms)}${expected}`],
    ];
    const link = make("a", { href: addressOf({ query: "", sort: "order", isDown: false, opened: rowAnchor(row) }) },
      `#t=${rowAnchor(row)}`);
    return make("dl", { class: "facts" },
      pairs.filter(([, value]) => value).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
      make("div", {}, make("dt", {}, "link"), make("dd", {}, link)));
  }

  result(result, title) {
    const text = result.text && result.text !== result.message ? result.text : "";
    return make("div", { class: "column" },
      make("h4", {}, title, result.type ? make("span", { class: "type" }, result.type) : null),
      result.message ? textBlock(result.message, "message") : null,
      text ? textBlock(text, "text") : null,
      result.output ? textBlock(result.output, "tail") : null);
  }

  results(row) {
    const { detail } = row;
    if (!detail || row.isSuite) {
      return null;
    }
    const others = detail.others || [];
    const all = row.isFlaky ? [...others, detail] : [detail, ...others];
    const said = all.filter((result) => result.message || result.text || result.output);
    return said.length === 0 ? null : make("section", {}, make("h3", {}, "What it said"),
      make("div", { class: "columns", tabindex: "0", role: "group", "aria-label": "side by side" },
        said.map((result, i) => this.result(result, said.length > 1 ? `${i + 1}. ` : ""))));
  }

  attempt(attempt) {
    const end = attempt.signal ? `signal ${attempt.signal}` : `exit ${attempt.exitCode}`;
    const leaked = attempt.leaked > 0 ? ` · ${count(attempt.leaked, "leaked process").replace("processs", "processes")}` : "";
    return make("div", { class: "column" },
      make("h4", {}, `Attempt ${attempt.number} `, outcomeMark(attempt.outcome)),
      make("p", { class: "place" }, `shard ${attempt.shard} · ${attempt.account || "no account"} · ${duration(attempt.ms)} · ${end}${leaked}`),
      attempt.reason ? make("p", {}, attempt.reason) : null,
      attempt.tail ? textBlock(attempt.tail, "tail") : null,
      attempt.output ? make("p", {}, outputLink(attempt.output)) : null);
  }

  attempts(suite) {
    const reason = suite.attempts.length === 0 && suite.reason ? textBlock(suite.reason, "message") : null;
    return make("section", {},
      make("h3", {}, suite.attempts.length > 1 ? `The suite's ${suite.attempts.length} attempts` : "The suite"),
      suite.attempts.length === 0 ? make("p", {}, "It was never started.") : null, reason,
      make("div", { class: "columns", tabindex: "0", role: "group", "aria-label": "side by side" }, suite.attempts.map((attempt) => this.attempt(attempt))));
  }

  /** The other cases of the suite: the way on. */
  neighbours(row) {
    const others = row.suite.rows.filter((other) => other !== row);
    if (others.length === 0) {
      return null;
    }
    const shown = [...others].sort((a, b) => badness(a) - badness(b)).slice(0, 30);
    return make("section", {},
      make("h3", {}, `Also in this suite `, make("span", {}, String(others.length))),
      make("ul", { class: "members" }, shown.map((other) => make("li", {}, outcomeMark(other.outcome), " ",
        make("button", { type: "button", class: "opener", onclick: () => this.open(other) }, other.name)))),
      others.length > shown.length ? make("p", { class: "place" }, `and ${others.length - shown.length} more`) : null);
  }
}
