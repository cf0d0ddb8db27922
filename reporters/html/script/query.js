// query.js - the words of the search box: what they mean, and which test cases they choose.
//
//   cart                 in the name, class, suite or message      "two words"   exactly so
//   outcome:failed,error suite:api shard:7 stack:orders test:adds class:Cart account:account-007 fault:deploy
//   >30s  <200ms         how long the case took                    !x            not x         /a.*b/  a regex

const UNITS = { ms: 1, s: 1000, m: 60000, h: 3600000 };

/** What each word before a colon asks: (what follows it, a matcher of that) -> (row) -> yes or no. */
const FIELDS = {
  outcome: (wanted) => {
    const words = wanted.split(",");
    return (row) => words.some((word) => isOutcome(row, word));
  },
  suite: (wanted, matches) => (row) => matches(row.suite.name),
  test: (wanted, matches) => (row) => matches(row.caseName),
  class: (wanted, matches) => (row) => matches(row.classname),
  framework: (wanted, matches) => (row) => matches(row.suite.framework || ""),
  account: (wanted, matches) => (row) => matches(row.suite.account || ""),
  fault: (wanted) => (row) => row.fault === wanted,
  shard: (wanted) => (row) => String(row.suite.shard) === wanted,
  stack: (wanted, matches) => (row) => row.suite.stacks.some(matches),
};

function isOutcome(row, word) {
  if (word === "bad") {
    return row.fault !== null && row.fault !== "flake";
  }
  return row.outcome === word || (word === "passed" && row.isFlaky);
}

/** A function that says whether a string holds `wanted`, which is a word or a /regex/. */
function matcher(wanted) {
  const regex = /^\/(.+)\/$/.exec(wanted);
  if (regex) {
    try {
      const pattern = new RegExp(regex[1], "i");
      return (string) => pattern.test(string);
    } catch {
      return () => false; /* while it is being typed */
    }
  }
  return (string) => string.toLowerCase().includes(wanted);
}

function parseTerm(term) {
  const isNot = term.length > 1 && term.startsWith("!");
  const body = isNot ? term.slice(1) : term;
  const time = /^([<>])(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(body);
  const field = /^([a-z]+):(.*)$/s.exec(body);
  let accepts;
  if (time) {
    const limit = Number(time[2]) * UNITS[time[3] || "s"];
    accepts = time[1] === ">" ? (row) => row.ms > limit : (row) => row.ms < limit;
  } else if (field && FIELDS[field[1]]) {
    const wanted = field[2].replaceAll('"', "").toLowerCase();
    const matches = matcher(wanted);
    /* "suite:" alone is a word that is still being typed */
    accepts = wanted === "" ? () => true : FIELDS[field[1]](wanted, matches);
  } else {
    const matches = matcher(body.replaceAll('"', "").toLowerCase());
    accepts = (row) => matches(row.searched);
  }
  return isNot ? (row) => !accepts(row) : accepts;
}

function splitTerms(query) {
  return query.match(/!?(?:[a-z]+:)?(?:"[^"]*"?|[^\s"]+)/g) || [];
}

/** Every term must accept a row. */
function parseQuery(query) {
  const tests = splitTerms(query).map(parseTerm);
  return (row) => tests.every((accepts) => accepts(row));
}

const OUTCOME_TERM = /^outcome:/;

/** The outcomes that the query chooses. */
function chosenOutcomes(query) {
  return splitTerms(query).filter((term) => OUTCOME_TERM.test(term)).flatMap((term) => term.slice(8).split(",")).filter((word) => word);
}

function withoutOutcomes(query) {
  return splitTerms(query).filter((term) => !OUTCOME_TERM.test(term)).join(" ");
}

/** The query with this outcome among those it chooses, or no longer. */
function toggleOutcome(query, outcome) {
  const chosen = chosenOutcomes(query);
  const left = chosen.includes(outcome) ? chosen.filter((word) => word !== outcome) : [...chosen, outcome];
  return [withoutOutcomes(query), left.length > 0 ? `outcome:${left.join(",")}` : ""].filter((part) => part).join(" ");
}
