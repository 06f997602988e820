// Gray PNG files, exact: a canvas would return 8 bits in the colours of the screen.

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

const CRC = new Uint32Array(256).map((_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function checksum(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

async function through(stream, bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

function chunk(name, body) {
  const bytes = new Uint8Array(12 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  bytes.set([...name].map((letter) => letter.charCodeAt(0)), 4);
  bytes.set(body, 8);
  view.setUint32(8 + body.length, checksum(bytes.subarray(4, 8 + body.length)));
  return bytes;
}

/** Encode 8-bit gray pixels; returns a Blob. */
export async function encodeGray(width, height, pixels) {
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header[8] = 8;
  const data = await through(new CompressionStream("deflate"), rows);
  const parts = [new Uint8Array(SIGNATURE), chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", new Uint8Array(0))];
  return new Blob(parts, { type: "image/png" });
}

function unfilter(rows, stride, height, step) {
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const kind = rows[y * (stride + 1)];
    const from = y * (stride + 1) + 1;
    const to = y * stride;
    const up = to - stride;
    if (kind === 0) {
      out.set(rows.subarray(from, from + stride), to);
      continue;
    }
    for (let x = 0; x < stride; x++) {
      const a = x >= step ? out[to + x - step] : 0;
      const b = y ? out[up + x] : 0;
      const c = y && x >= step ? out[up + x - step] : 0;
      let guess = 0;
      if (kind === 1) guess = a;
      else if (kind === 2) guess = b;
      else if (kind === 3) guess = (a + b) >> 1;
      else {
        const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
        guess = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
      }
      out[to + x] = rows[from + x] + guess;
    }
  }
  return out;
}

/** Decode a gray PNG of 1, 8 or 16 bits without interlacing; returns {width, height, pixels}. */
export async function decodeGray(buffer) {
  const view = new DataView(buffer);
  const bytes = new Uint8Array(buffer);
  let width, height, depth;
  const data = [];
  for (let at = 8; at < bytes.length; ) {
    const length = view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (name === "IHDR") {
      [width, height, depth] = [view.getUint32(at + 8), view.getUint32(at + 12), bytes[at + 16]];
      if (bytes[at + 17] !== 0 || bytes[at + 20] !== 0) throw new Error("not a gray PNG without interlacing");
    }
    if (name === "IDAT") data.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const rows = await through(new DecompressionStream("deflate"), new Blob(data));
  const stride = Math.ceil((width * depth) / 8);
  const raw = unfilter(rows, stride, height, depth === 16 ? 2 : 1);
  if (depth === 8) return { width, height, pixels: raw };
  const pixels = depth === 16 ? new Uint16Array(width * height) : new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (depth === 16) pixels[i] = (raw[2 * i] << 8) | raw[2 * i + 1];
      else pixels[i] = (raw[y * stride + (x >> 3)] >> (7 - (x & 7))) & 1 ? 255 : 0;
    }
  }
  return { width, height, pixels };
}
