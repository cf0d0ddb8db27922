// text.js - numbers as people read them, the same way the terminal says them.

function duration(ms) {
  if (ms < 1000) {
    return `${Math.round(ms)}ms`;
  }
  if (ms < 60000) {
    return `${(ms / 1000).toFixed(1)}s`;
  }
  const seconds = Math.round(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}h ${minutes}m` : `${minutes}m ${seconds % 60}s`;
}

function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** "+23%": how much longer a suite took than was expected of it; "" where nothing was. */
function delta(suite) {
  if (suite.expected <= 0 || suite.ms <= 0) {
    return "";
  }
  const percent = Math.round((suite.ms / suite.expected - 1) * 100);
  return percent > 999 ? ">999%" : `${percent < 0 ? "−" : "+"}${Math.abs(percent)}%`;
}

const symbols = new Map([["flaky", "≈"]]);

/** The symbol of an outcome, from the one table of outcomes; `flaky` is a mark of our own. */
function symbolOf(outcome) {
  return symbols.get(outcome) || "?";
}
