// show.js - elements. Strings only ever become text, never markup.

/** make("a", {href: "#x", onclick: f, class: "y"}, "text", element, …); children that are null are passed over. */
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Several lines; what must be scrolled can be reached by keyboard. */
function textBlock(text, name) {
  const isLong = text.length > 700 || text.split("\n").length > 8;
  return make("pre", { class: name, tabindex: isLong ? "0" : null }, text);
}

function outcomeMark(outcome) {
  return make("span", { class: `outcome ${outcome}` }, `${symbolOf(outcome)} ${outcome}`);
}

/** A relative link into the run's folder: every part encoded, so that none becomes a scheme or a step upwards. */
function outputLink(path) {
  const parts = path.split("/").filter((part) => part !== "" && part !== "." && part !== "..");
  return make("a", { href: `./${parts.map(encodeURIComponent).join("/")}`, class: "output" }, "output");
}

const byId = (id) => document.getElementById(id);

function announce(text) {
  byId("announce").textContent = text;
}

const prefersStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function reveal(element) {
  element.scrollIntoView({ block: "center", behavior: prefersStill() ? "auto" : "smooth" });
}
