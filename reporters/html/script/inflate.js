// inflate.js - gzip for browsers without DecompressionStream. RFC 1951 and 1952; checks nothing but the shape.

const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
  195, 227, 258];
const DISTANCES = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
  3073, 4097, 6145, 8193, 12289, 16385, 24577];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const lengthBits = (code) => (code < 8 || code === 28 ? 0 : (code - 4) >> 2);
const distanceBits = (code) => (code < 4 ? 0 : (code - 2) >> 1);

/** Canonical Huffman codes: how many of each length, and the symbols in order. */
function codeTable(lengths) {
  const counts = new Array(16).fill(0);
  lengths.forEach((length) => counts[length]++);
  counts[0] = 0;
  const starts = [0];
  for (let i = 0; i < 15; i++) {
    starts.push(starts[i] + counts[i]);
  }
  const symbols = [];
  lengths.forEach((length, symbol) => {
    if (length > 0) {
      symbols[starts[length]++] = symbol;
    }
  });
  return { counts, symbols };
}

class BitReader {
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
    this.held = 0;
    this.heldCount = 0;
  }
  bits(wanted) {
    while (this.heldCount < wanted) {
      this.held |= this.bytes[this.at++] << this.heldCount;
      this.heldCount += 8;
    }
    const value = this.held & ((1 << wanted) - 1);
    this.held >>>= wanted;
    this.heldCount -= wanted;
    return value;
  }
  symbol(table) {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length < 16; length++) {
      code |= this.bits(1);
      const here = table.counts[length];
      if (code - here < first) {
        return table.symbols[index + (code - first)];
      }
      index += here;
      first = (first + here) << 1;
      code <<= 1;
    }
    throw new Error("the data is damaged");
  }
  /** To the next whole byte. */
  align() {
    this.held = 0;
    this.heldCount = 0;
  }
}

function dynamicTables(reader) {
  const literals = reader.bits(5) + 257;
  const distances = reader.bits(5) + 1;
  const codes = new Array(19).fill(0);
  for (let i = reader.bits(4) + 4, k = 0; k < i; k++) {
    codes[ORDER[k]] = reader.bits(3);
  }
  const table = codeTable(codes);
  const lengths = [];
  while (lengths.length < literals + distances) {
    const symbol = reader.symbol(table);
    if (symbol < 16) {
      lengths.push(symbol);
    } else {
      const repeated = symbol === 16 ? lengths[lengths.length - 1] : 0;
      let times = symbol === 16 ? 3 + reader.bits(2) : symbol === 17 ? 3 + reader.bits(3) : 11 + reader.bits(7);
      while (times-- > 0) {
        lengths.push(repeated);
      }
    }
  }
  return [codeTable(lengths.slice(0, literals)), codeTable(lengths.slice(literals))];
}

function fixedTables() {
  const lengths = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
  return [codeTable(lengths), codeTable(new Array(30).fill(5))];
}

function inflateBlock(reader, out, at, [literals, distances]) {
  for (;;) {
    const symbol = reader.symbol(literals);
    if (symbol === 256) {
      return at;
    }
    if (symbol < 256) {
      out[at++] = symbol;
      continue;
    }
    const length = LENGTHS[symbol - 257] + reader.bits(lengthBits(symbol - 257));
    const code = reader.symbol(distances);
    const distance = DISTANCES[code] + reader.bits(distanceBits(code));
    for (let i = 0; i < length; i++, at++) {
      out[at] = out[at - distance];
    }
  }
}

/** The stream of gzip.c: a header of ten bytes, the blocks, checksum and length. */
function gunzip(bytes) {
  const reader = new BitReader(bytes, 10);
  const out = new Uint8Array(new DataView(bytes.buffer).getUint32(bytes.length - 4, true));
  let at = 0;
  for (let isLast = 0; !isLast; ) {
    isLast = reader.bits(1);
    const kind = reader.bits(2);
    if (kind === 0) {
      reader.align();
      const length = reader.bytes[reader.at] | (reader.bytes[reader.at + 1] << 8);
      out.set(bytes.subarray(reader.at + 4, reader.at + 4 + length), at);
      reader.at += 4 + length;
      at += length;
    } else {
      at = inflateBlock(reader, out, at, kind === 1 ? fixedTables() : dynamicTables(reader));
    }
  }
  return out;
}
