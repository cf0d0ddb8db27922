// load.js - the data of the page (its shape: data.h) as the objects that all other files work on.

async function readBytes() {
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent), (c) => c.charCodeAt(0));
  if (typeof DecompressionStream === "undefined") {
    return gunzip(packed);
  }
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function readAttempt(outcomes, from) {
  const [number, outcome, shard, account, ms, exitCode, signal, leaked, reason, tail, output] = from;
  return { number, outcome: outcomes[outcome], shard, account, ms, exitCode, signal, leaked, reason, tail, output };
}

function readSuite(outcomes, from, index) {
  const [name, framework, file, repro, shard, outcome, reason, account, isFlaky, ms, expected, attempts] = from;
  return {
    index, name, framework, file, repro, shard, reason, account, ms, expected,
    outcome: outcomes[outcome], isFlaky: isFlaky === 1,
    attempts: attempts.map((attempt) => readAttempt(outcomes, attempt)), rows: [],
  };
}

function readRow(data, suite, from, classname) {
  const [name, outcome, ms, , detail] = from;
  const isFlaky = detail?.flaky === true;
  const row = {
    suite, classname, ms, detail: detail || null, isSuite: detail?.suite === true, isFlaky,
    name: detail?.suite ? suite.name : name, caseName: name,
    outcome: isFlaky ? "flaky" : data.outcomes[outcome],
    fault: detail?.fault === undefined ? null : data.faults[detail.fault][0],
    order: 0,
  };
  const message = detail?.message || detail?.text || "";
  row.searched = `${row.caseName}\n${classname}\n${suite.name}\n${message.slice(0, 300)}`.toLowerCase();
  return row;
}

function readRows(data, suites) {
  const rows = [];
  for (const [index, cases] of data.cases) {
    let classname = "";
    for (const from of cases) {
      classname = from[3] === 0 ? classname : from[3];
      suites[index].rows.push(readRow(data, suites[index], from, classname));
    }
  }
  for (const suite of suites) {
    for (const row of suite.rows) {
      row.order = rows.length;
      rows.push(row);
    }
  }
  return rows;
}

function readSegment(data, suites, [letter, start, length, ...rest]) {
  const segment = { start, end: start + length };
  if (letter === "w") {
    return { ...segment, kind: "wait", account: rest[0] };
  }
  if (letter === "d") {
    return { ...segment, kind: "deploy", stack: data.stacks[rest[0]], action: rest[1], isOk: rest[2] === 1 };
  }
  return { ...segment, kind: "attempt", suite: suites[rest[0]], number: rest[1], outcome: data.outcomes[rest[2]] };
}

function readLane(data, suites, [account, reason, end, skipped, segments], index) {
  return {
    number: index + 1, account, reason, skipped, end: end || data.run.last,
    segments: segments.map((segment) => readSegment(data, suites, segment)),
  };
}

/** Which stacks were deployed where a suite ran: what `stack:` in the search box asks for. */
function nameStacks(suites, lanes) {
  const deployed = lanes.map((lane) => [
    ...new Set(lane.segments.filter((segment) => segment.kind === "deploy").map((segment) => segment.stack)),
  ]);
  for (const suite of suites) {
    suite.stacks = deployed[suite.shard - 1] || [];
  }
}

async function loadModel() {
  const data = JSON.parse(new TextDecoder().decode(await readBytes()));
  data.outcomes.forEach(([word, symbol]) => symbols.set(word, symbol));
  data.outcomes = data.outcomes.map(([word]) => word);
  const suites = data.suites.map((suite, index) => readSuite(data.outcomes, suite, index));
  const rows = readRows(data, suites);
  const lanes = data.lanes.map((lane, index) => readLane(data, suites, lane, index));
  nameStacks(suites, lanes);
  return {
    run: data.run,
    faults: data.faults.map(([word, title, meaning]) => ({ word, title, meaning })),
    problems: data.problems.map(([kind, message, shard, at, times]) => ({ kind, message, shard, at, times })),
    suites,
    rows,
    lanes,
  };
}
