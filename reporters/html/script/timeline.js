// timeline.js - the lanes over time: zoom by wheel, brush or keys; a click opens the suite.

const LANE_HEIGHT = 20;
const HEAD_HEIGHT = 84;

class Timeline {
  constructor(section, model, openSuite) {
    this.model = model;
    this.openSuite = openSuite;
    this.chosen = null;
    for (const lane of model.lanes) {
      lane.sums = sumLane(lane, model.run.announced);
      stackDeploys(lane);
    }
    this.lanes = [...model.lanes];
    this.points = concurrency(model.lanes);
    this.path = criticalPath(model.lanes);
    this.onPath = new Set(this.path.map(({ segment }) => segment));
    this.until = Math.max(model.run.last, 1);
    this.from = 0;
    this.to = this.until;
    this.painter = new Painter();
    this.build(section);
    this.listen();
  }

  build(section) {
    const { run } = this.model;
    this.head = make("canvas", { class: "axis", "aria-hidden": "true" });
    this.canvas = make("canvas", { class: "lanes", "aria-hidden": "true" });
    this.room = make("div", { class: "room" }, this.canvas);
    this.box = make("div", { class: "lane-box", tabindex: "0", role: "group",
      "aria-label": `Timeline of ${count(this.lanes.length, "lane")}; arrows move, plus and minus zoom. The table below says the same.` }, this.room);
    this.tip = make("div", { class: "tip", "aria-hidden": "true", hidden: true });
    this.brush = make("div", { class: "brush", hidden: true });
    const order = make("select", { onchange: () => this.orderBy(order.value) },
      Object.entries(LANE_ORDERS).map(([key, { title }]) => make("option", { value: key }, title)));
    const zoom = [["+", "closer", 0.5], ["−", "wider", 2], ["whole", "whole run", Infinity]].map(([text, title, by]) =>
      make("button", { type: "button", "aria-label": title, onclick: () => this.zoom(by) }, text));
    const bound = run.lowerBound > 0 ? ` · at best ${duration(run.lowerBound)}` : "";
    const limit = run.limitedBy ? ` · limited by ${run.limitedBy}` : "";
    section.append(make("p", { class: "place" }, `took ${duration(run.makespan)}${bound}${limit}`),
      make("div", { class: "tools" }, make("label", {}, "lanes by ", order), make("span", { class: "zoom" }, zoom), this.legend()),
      make("div", { class: "chart" }, this.head, this.box, this.tip, this.brush),
      this.pathList(), lanesTable(this.model));
    this.room.style.height = `${this.lanes.length * LANE_HEIGHT}px`;
  }

  legend() {
    const keys = Object.keys(LOOKS);
    this.swatches = make("span", { class: "legend" });
    this.drawLegend = () => this.swatches.replaceChildren(...keys.map((look) =>
      make("span", {}, this.painter.swatch(look), ` ${LOOKS[look][2]}`)));
    this.drawLegend();
    return this.swatches;
  }

  pathList() {
    const steps = describePath(this.path);
    if (steps.length === 0) {
      return null;
    }
    return make("details", { class: "path", open: true }, make("summary", {}, "Critical path: what the end waited for"),
      make("ol", {}, steps.map((step) => make("li", {},
        make("button", { type: "button", class: "opener", onclick: () => this.reveal(step.lane, step.segment) }, step.text),
        ` ${duration(step.ms)}`))));
  }

  view() {
    const left = this.width < 600 ? 34 : 112;
    const width = Math.max(50, this.width - left - 4);
    const scale = width / (this.to - this.from);
    return { left, width, from: this.from, to: this.to, x: (at) => left + (at - this.from) * scale,
      at: (x) => this.from + (x - left) / scale };
  }

  show(chosen) {
    this.chosen = chosen;
    this.schedule();
  }

  schedule() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  draw() {
    this.width = this.box.clientWidth;
    if (this.width === 0) {
      return;
    }
    const view = this.view();
    this.drawHead(view);
    const height = Math.min(this.box.clientHeight, this.lanes.length * LANE_HEIGHT);
    const context = prepare(this.canvas, this.width, height);
    const first = Math.floor(this.box.scrollTop / LANE_HEIGHT);
    context.font = "11px system-ui, sans-serif";
    paintTicks(context, this.painter, { ...view, width: view.width }, 0);
    context.clearRect(0, 0, this.width, 17);
    for (let i = first; i < this.lanes.length; i++) {
      const y = i * LANE_HEIGHT - this.box.scrollTop;
      if (y > height) {
        break;
      }
      paintLane(context, this.painter, view, this.lanes[i], y, LANE_HEIGHT, { chosen: this.chosen, onPath: this.onPath });
    }
    this.drawMarks(context, view, height, false);
  }

  drawHead(view) {
    const context = prepare(this.head, this.width, HEAD_HEIGHT);
    paintTicks(context, this.painter, view, HEAD_HEIGHT);
    paintConcurrency(context, this.painter, view, this.points, 36, HEAD_HEIGHT - 4);
    this.drawMarks(context, view, HEAD_HEIGHT, true);
  }

  drawMarks(context, view, height, hasTitles) {
    const { announced, lowerBound, makespan } = this.model.run;
    if (lowerBound > 0) {
      paintMark(context, this.painter, view, announced + lowerBound, height,
        { dash: [5, 4], colour: "--ink", title: hasTitles ? `at best ${duration(lowerBound)}` : "" });
    }
    paintMark(context, this.painter, view, makespan, height, { dash: [], colour: "--line", title: "" });
  }

  zoom(by, around) {
    const centre = around ?? (this.from + this.to) / 2;
    const span = Math.min(this.until, Math.max(20, (this.to - this.from) * by));
    this.move(centre - ((centre - this.from) / (this.to - this.from)) * span, span);
  }

  move(from, span) {
    this.from = Math.max(0, Math.min(from, this.until - span));
    this.to = this.from + span;
    this.schedule();
  }

  orderBy(key) {
    this.lanes.sort((a, b) => LANE_ORDERS[key].compare(a, b) || a.number - b.number);
    this.box.scrollTop = 0;
    this.draw();
  }

  reveal(lane, segment) {
    this.box.scrollTop = this.lanes.indexOf(lane) * LANE_HEIGHT - this.box.clientHeight / 2;
    if (segment.end < this.from || segment.start > this.to) {
      this.move(segment.start - (this.to - this.from) / 2, this.to - this.from);
    }
    this.draw();
    if (segment.suite) {
      this.openSuite(segment.suite);
    }
  }

  /** What lies under the pointer. */
  find(event) {
    const frame = this.box.getBoundingClientRect();
    const y = event.clientY - frame.top + this.box.scrollTop;
    const lane = this.lanes[Math.floor(y / LANE_HEIGHT)];
    const view = this.view();
    const at = view.at(event.clientX - frame.left);
    const slack = 2 / (view.width / (view.to - view.from));
    const isAbove = y % LANE_HEIGHT < 8;
    const hits = (lane?.segments || []).filter((segment) => segment.start - slack <= at && at <= segment.end + slack);
    const segment = hits.find((one) => (one.kind === "deploy") === isAbove) || hits[0];
    return { lane, segment };
  }

  describe(lane, segment) {
    const time = `${duration(segment.end - segment.start)}, from ${duration(segment.start)}`;
    const what = {
      wait: () => `waits for ${segment.account || "an account"}`,
      deploy: () => `${segment.action} ${segment.stack}${segment.isOk ? "" : ": failed"}`,
      attempt: () => `${symbolOf(segment.outcome)} ${segment.outcome}  ${segment.suite.name}${segment.number > 1 ? ` · attempt ${segment.number}` : ""}`,
    };
    return `${what[segment.kind]()}\n${time} · shard ${lane.number}${lane.account ? ` · ${lane.account}` : ""}`;
  }

  showTip(event) {
    const { lane, segment } = this.find(event);
    this.tip.hidden = !segment;
    this.box.classList.toggle("hits", Boolean(segment?.suite));
    if (segment) {
      this.tip.textContent = this.describe(lane, segment);
      const frame = this.box.parentElement.getBoundingClientRect();
      const x = Math.min(event.clientX - frame.left + 12, frame.width - this.tip.offsetWidth - 4);
      this.tip.style.transform = `translate(${Math.max(0, x)}px, ${event.clientY - frame.top + 18}px)`;
    }
  }

  listen() {
    this.box.addEventListener("scroll", () => this.schedule(), { passive: true });
    addEventListener("resize", () => this.schedule());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.painter.refresh();
      this.drawLegend();
      this.draw();
    });
    this.box.addEventListener("wheel", (event) => {
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.view().at(event.clientX - this.box.getBoundingClientRect().left));
      }
    }, { passive: false });
    this.box.addEventListener("keydown", (event) => this.pressed(event));
    this.listenToPointer();
  }

  pressed(event) {
    const span = this.to - this.from;
    const acts = { ArrowLeft: () => this.move(this.from - span / 5, span), ArrowRight: () => this.move(this.from + span / 5, span),
      "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), 0: () => this.zoom(Infinity) };
    if (acts[event.key] && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      acts[event.key]();
    }
  }

  /** A drag chooses a time span; a click opens a suite. */
  listenToPointer() {
    let start = null;
    this.box.addEventListener("pointerdown", (event) => {
      start = event.button === 0 && event.offsetX < this.width ? event.clientX : null;
    });
    addEventListener("pointermove", (event) => {
      if (start !== null && Math.abs(event.clientX - start) > 4) {
        const frame = this.box.getBoundingClientRect();
        this.brush.hidden = false;
        this.brush.style.left = `${Math.min(start, event.clientX) - frame.left}px`;
        this.brush.style.width = `${Math.abs(event.clientX - start)}px`;
      }
    });
    addEventListener("pointerup", (event) => {
      const isBrush = !this.brush.hidden;
      this.brush.hidden = true;
      if (start !== null && isBrush) {
        const left = this.box.getBoundingClientRect().left;
        const [from, to] = [start, event.clientX].map((x) => this.view().at(x - left)).sort((a, b) => a - b);
        this.move(from, Math.max(20, to - from));
      } else if (start !== null) {
        const { segment } = this.find(event);
        segment?.suite && this.openSuite(segment.suite);
      }
      start = null;
    });
    this.box.addEventListener("pointermove", (event) => this.showTip(event));
    this.box.addEventListener("pointerleave", () => (this.tip.hidden = true));
    this.box.addEventListener("dblclick", () => this.zoom(Infinity));
  }
}
