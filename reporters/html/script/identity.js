// identity.js - the name of a test case in links; markup.c computes the same. Two passes of FNV-1a.

const encoder = new TextEncoder();

function hashOn(hash, string) {
  for (const byte of encoder.encode(string)) {
    hash = Math.imul(hash ^ byte, 16777619);
  }
  return Math.imul(hash ^ 0x1f, 16777619);
}

function anchorOf(suite, classname, name) {
  return [2166136261, 3735928559]
    .map((start) => hashOn(hashOn(hashOn(start, suite), classname), name) >>> 0)
    .map((hash) => hash.toString(16).padStart(8, "0"))
    .join("");
}
