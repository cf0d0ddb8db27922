// chips.js - the search box, and one chip an outcome with its count.

const HINT = 'outcome:failed suite:api shard:7 >30s !slow "two words"';

class Bar {
  constructor(model, changed) {
    this.changed = changed;
    this.rows = model.rows;
    this.input = make("input", {
      type: "search", id: "search", placeholder: HINT, "aria-label": "Filter tests", autocomplete: "off", spellcheck: "false",
      "aria-keyshortcuts": "/",
      oninput: () => this.set(this.input.value, false),
    });
    this.count = make("output", { for: "search", "aria-live": "polite" });
    this.chips = BADNESS.map((outcome) => this.chip(outcome)).filter((chip) => chip);
    const links = [["failures", "Failures"], ["timeline", "Timeline"], ["tests", "Tests"]].map(([id, title]) =>
      make("button", { type: "button", class: "jump", onclick: () => byId(id).scrollIntoView() }, title));
    byId("bar").append(make("div", { class: "bar-line" }, this.input, this.count, make("span", { class: "jumps" }, links)),
      make("div", { class: "chips", role: "group", "aria-label": "Outcomes" }, this.chips.map(({ button }) => button)));
    byId("bar").hidden = false;
  }

  chip(outcome) {
    const total = this.rows.filter((row) => row.outcome === outcome).length;
    if (total === 0) {
      return null;
    }
    const number = make("strong", {}, total.toLocaleString("en"));
    const button = make("button", { type: "button", class: `chip ${outcome}`, "aria-pressed": "false",
      onclick: () => this.set(toggleOutcome(this.input.value, outcome)) },
    `${symbolOf(outcome)} ${outcome} `, number);
    return { outcome, number, button };
  }

  set(query, isTyped = true) {
    state.query = query.trim();
    if (isTyped) {
      this.input.value = query;
    }
    writeAddress();
    this.changed();
  }

  /** Each chip counts what it would show: the query but for its outcomes. */
  show(matching) {
    const chosen = chosenOutcomes(state.query);
    const counted = chosen.length > 0 ? this.rows.filter(parseQuery(withoutOutcomes(state.query))) : matching;
    const totals = {};
    for (const row of counted) {
      totals[row.outcome] = (totals[row.outcome] || 0) + 1;
    }
    for (const { outcome, number, button } of this.chips) {
      number.textContent = (totals[outcome] || 0).toLocaleString("en");
      button.setAttribute("aria-pressed", String(chosen.includes(outcome)));
    }
    this.count.textContent = state.query === ""
      ? count(this.rows.length, "test")
      : `${matching.length.toLocaleString("en")} of ${count(this.rows.length, "test")}`;
  }
}
