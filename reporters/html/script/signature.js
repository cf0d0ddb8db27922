// signature.js - which failures have one cause: outcome, type of the exception, message without what varies, and,
// where that says little, the file where it broke. What AWS refused is named by its error code instead.

const MASKS = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "<uuid>"],
  [/\barn:[\w-]+:[\w-]*:[\w-]*:[\w-]*:[^\s"',)]+/g, "<arn>"],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/g, "<time>"],
  [/\bhttps?:\/\/[^\s"')]+/g, "<url>"],
  [/(?:\/[\w.@+-]+){2,}/g, "<path>"],
  [/\b0x[0-9a-f]+\b/gi, "<address>"],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b/gi, "<id>"],
  [/\baccount-\d+\b/g, "<account>"],
  [/\b\d+(?:\.\d+)?\s?(?:ms|s|m|h|%|[kMG]i?B)\b/g, "<n>"],
  [/\d+(?:\.\d+)?/g, "<n>"],
];

function mask(string) {
  let masked = string;
  for (const [pattern, word] of MASKS) {
    masked = masked.replace(pattern, word);
  }
  return masked.replace(/\s+/g, " ").trim();
}

const AWS_CODE = /\b(?:[A-Z][A-Za-z]*(?:Exception|Denied|Exceeded|Throttl(?:ed|ing)|Failure|Fault|Limit|Expired|Error|Unavailable)|Throttling|ExpiredToken(?:Exception)?|RequestExpired|InvalidClientTokenId|UnrecognizedClientException)\b/;

function awsCode(row) {
  const text = `${row.detail?.message || ""} ${row.suite.reason || ""}`;
  return AWS_CODE.exec(text)?.[0] || "";
}

const FOREIGN = /node_modules|site-packages|\bnode:|dist-packages|\/lib\/python|<frozen|internal\//;

const PLACE = /(?:File "|\bat .*?\(?|^|[\s(])((?:[\w.@+-]*\/)*[\w.@+-]+\.(?:py|[cm]?[jt]sx?|go|rb|java|c|cc|cpp|rs))(?:", line |:)\d+/;

/** The file where it broke, if it is no library's: Python names the last place last, the others first. */
function ownFrame(text) {
  let found = "";
  for (const line of (text || "").split("\n")) {
    const place = PLACE.exec(line);
    if (place && !FOREIGN.test(line)) {
      found = place[1];
      if (!found.endsWith(".py")) {
        break;
      }
    }
  }
  return found;
}

/** "assert <n> == <n>" says too little to be one cause wherever it stands. */
function isVague(message) {
  return (message.replace(/<\w+>/g, "").match(/[A-Za-z]{3,}/g) || []).length < 3;
}

function shortened(string, most) {
  return string.length > most ? `${string.slice(0, most)}…` : string;
}

function firstResult(row) {
  return row.isFlaky && row.detail.others?.length ? row.detail.others[0] : row.detail || {};
}

/** "KeyError: 'total'"; what the message begins with is not said twice. */
function messageOf(row) {
  const { type, message, text } = firstResult(row);
  const said = message || text || row.suite.reason || "";
  return type && type !== row.outcome && said && !row.isSuite && !said.startsWith(type) ? `${type}: ${said}` : said;
}

function signatureOf(row) {
  const result = firstResult(row);
  const code = row.fault === "account" || row.fault === "deploy" ? awsCode(row) : "";
  if (code) {
    return { key: `${row.fault} ${code}`, title: code };
  }
  const firstLine = (result.message || result.text || row.suite.reason || row.outcome).split("\n", 1)[0];
  const message = shortened(mask(firstLine), 160);
  const type = result.type && result.type !== row.outcome ? result.type : "";
  const title = type && !message.startsWith(type) ? `${type}: ${message}` : message;
  const place = isVague(message) ? ownFrame(result.text) || result.file || row.suite.file : "";
  return { key: [row.fault, row.outcome, type, message, place].join("\n"), title };
}

/** Of rows with a fault: the clusters of each fault, largest first. */
function clusterRows(rows) {
  const clusters = new Map();
  for (const row of rows) {
    row.signature ||= signatureOf(row);
    let cluster = clusters.get(row.signature.key);
    if (!cluster) {
      cluster = { fault: row.fault, title: row.signature.title, rows: [] };
      clusters.set(row.signature.key, cluster);
    }
    cluster.rows.push(row);
  }
  return [...clusters.values()].sort((a, b) => b.rows.length - a.rows.length);
}
