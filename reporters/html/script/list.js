// list.js - all test cases as a table of which only the rows in sight exist.

const COLUMNS = [
  { key: "outcome", title: "Outcome", compare: (a, b) => badness(a) - badness(b) },
  { key: "test", title: "Test", compare: (a, b) => a.name.localeCompare(b.name) },
  { key: "suite", title: "Suite", compare: (a, b) => a.suite.name.localeCompare(b.suite.name) },
  { key: "shard", title: "Shard", compare: (a, b) => a.suite.shard - b.suite.shard },
  { key: "time", title: "Time", compare: (a, b) => b.ms - a.ms },
  { key: "delta", title: "vs expected", compare: (a, b) => overrun(b.suite) - overrun(a.suite) },
];
const BADNESS = ["failed", "error", "timeout", "infra", "lost", "cancelled", "flaky", "skipped", "passed"];

const ROWS_BEYOND_SIGHT = 12;

const badness = (row) => BADNESS.indexOf(row.outcome);
const overrun = (suite) => (suite.expected > 0 ? suite.ms / suite.expected : 0);

class TestList {
  constructor(section, rows, open) {
    this.rows = rows;
    this.shown = rows;
    this.current = 0;
    this.open = open;
    this.longest = rows.reduce((most, row) => Math.max(most, row.ms), 1);
    this.body = make("tbody");
    this.heads = COLUMNS.map((column) => this.head(column));
    this.table = make("table", { class: "list", "aria-labelledby": "tests-title" },
      make("thead", {}, make("tr", {}, this.heads)), this.body);
    section.append(this.table);
    addEventListener("scroll", () => this.schedule(), { passive: true });
    addEventListener("resize", () => this.schedule());
    addEventListener("beforeprint", () => this.draw(0, 500));
    addEventListener("afterprint", () => this.draw());
    this.body.addEventListener("click", (event) => {
      const line = event.target.closest("tr[data-at]");
      if (line) {
        this.select(Number(line.dataset.at), false);
        this.open(this.shown[this.current]);
      }
    });
  }

  head(column) {
    const button = make("button", { type: "button", onclick: () => this.sortBy(column.key) }, column.title);
    return make("th", { scope: "col", class: `col-${column.key}` }, button);
  }

  sortBy(key) {
    if (state.sort !== key) {
      state.sort = key;
      state.isDown = false;
    } else if (!state.isDown) {
      state.isDown = true;
    } else {
      state.sort = "order";
      state.isDown = false;
    }
    writeAddress();
    this.show(this.matching);
  }

  /** The rows that match, in the order of the address. */
  show(matching) {
    const column = COLUMNS.find(({ key }) => key === state.sort);
    const sign = state.isDown ? -1 : 1;
    this.matching = matching;
    this.shown = column
      ? [...matching].sort((a, b) => sign * column.compare(a, b) || a.order - b.order)
      : matching;
    this.current = 0;
    COLUMNS.forEach(({ key }, i) => {
      const direction = key !== state.sort ? "none" : state.isDown ? "descending" : "ascending";
      this.heads[i].setAttribute("aria-sort", direction);
    });
    this.table.setAttribute("aria-rowcount", this.shown.length + 1);
    this.draw();
  }

  schedule() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  rowHeight() {
    return parseFloat(getComputedStyle(this.table).getPropertyValue("--row")) || 30;
  }

  draw(from, to) {
    const height = this.rowHeight();
    if (from === undefined) {
      const top = this.body.getBoundingClientRect().top;
      from = Math.max(0, Math.floor(-top / height) - ROWS_BEYOND_SIGHT);
      to = Math.max(from, Math.ceil((innerHeight - top) / height)) + ROWS_BEYOND_SIGHT;
    }
    to = Math.min(this.shown.length, to);
    from = Math.min(from, to);
    const lines = [this.gap(from * height)];
    for (let i = from; i < to; i++) {
      lines.push(this.line(this.shown[i], i));
    }
    lines.push(this.gap((this.shown.length - to) * height));
    if (this.shown.length === 0) {
      lines.push(make("tr", {}, make("td", { colspan: COLUMNS.length, class: "nothing" }, "No test matches.")));
    }
    const hadFocus = this.body.contains(document.activeElement);
    this.body.replaceChildren(...lines.filter((line) => line));
    if (hadFocus) {
      this.focus();
    }
  }

  gap(height) {
    if (height <= 0) {
      return null;
    }
    const line = make("tr", { "aria-hidden": "true", class: "gap" }, make("td", { colspan: COLUMNS.length }));
    line.style.height = `${height}px`;
    return line;
  }

  line(row, at) {
    const bar = make("span", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${Math.max(1, Math.round(60 * Math.sqrt(row.ms / this.longest)))}px`;
    const button = make("button", { type: "button", class: "name", title: row.name }, row.name);
    const place = row.classname && !row.isSuite ? make("span", { class: "class" }, row.classname) : null;
    return make("tr", { "data-at": at, "aria-rowindex": at + 2, class: at === this.current ? "current" : null },
      make("td", { class: "col-outcome" }, outcomeMark(row.outcome)),
      make("td", { class: "col-test" }, button, place),
      make("td", { class: "col-suite", title: row.suite.name }, row.suite.name),
      make("td", { class: "col-shard" }, String(row.suite.shard)),
      make("td", { class: "col-time" }, bar, row.isSuite && row.ms === 0 ? "" : row.ms < 1 ? "<1ms" : duration(row.ms)),
      make("td", { class: "col-delta" }, delta(row.suite)));
  }

  focus() {
    this.body.querySelector(`tr[data-at="${this.current}"] button`)?.focus({ preventScroll: true });
  }

  /** Makes it the current row, in sight and focused. */
  select(at, isFocused = true) {
    if (this.shown.length === 0) {
      return;
    }
    this.current = Math.max(0, Math.min(at, this.shown.length - 1));
    const top = this.body.getBoundingClientRect().top + this.current * this.rowHeight();
    if (top < innerHeight * 0.25 || top > innerHeight * 0.8) {
      scrollTo({ top: scrollY + top - innerHeight * 0.45 });
    }
    this.draw();
    if (isFocused) {
      this.focus();
    }
  }

  step(by) {
    const isInside = this.body.contains(document.activeElement);
    this.select(isInside ? this.current + by : this.current);
  }
}
