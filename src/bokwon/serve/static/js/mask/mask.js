// The mask of a page in tiles. Tiles without a painted pixel are not stored, so that 100 megapixels fit a phone.

export const TILE = 512;

export class Grid {
  /** @param {Uint8ArrayConstructor|Uint16ArrayConstructor} Type */
  constructor(width, height, Type) {
    Object.assign(this, { width, height, Type, tiles: new Map() });
    this.columns = Math.ceil(width / TILE);
  }

  key(tx, ty) {
    return ty * this.columns + tx;
  }

  at(x, y) {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return 0;
    return this.tiles.get(this.key(x >> 9, y >> 9))?.[((y & 511) << 9) | (x & 511)] ?? 0;
  }

  /** Call visit(tile index, y, from, to, offset in the tile) for each piece of the rows of a box. */
  #pieces([left, top, right, bottom], visit) {
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; ) {
        const end = Math.min(right, ((x >> 9) + 1) << 9);
        visit(this.key(x >> 9, y >> 9), y, x, end, ((y & 511) << 9) | (x & 511));
        x = end;
      }
    }
  }

  read(box) {
    const [left, top, right, bottom] = box;
    const width = right - left;
    const out = new this.Type(width * (bottom - top));
    this.#pieces(box, (key, y, from, to, offset) => {
      const tile = this.tiles.get(key);
      if (tile) out.set(tile.subarray(offset, offset + to - from), (y - top) * width + from - left);
    });
    return out;
  }

  write(box, pixels) {
    const [left, top, right] = box;
    const width = right - left;
    this.#pieces(box, (key, y, from, to, offset) => {
      const start = (y - top) * width + from - left;
      const part = pixels.subarray(start, start + to - from);
      if (this.tiles.has(key) || part.some((value) => value)) this.tile(key).set(part, offset);
    });
  }

  tile(key) {
    if (!this.tiles.has(key)) this.tiles.set(key, new this.Type(TILE * TILE));
    return this.tiles.get(key);
  }
}

/** The smallest box around two; null stands for none. */
export function join(one, other) {
  if (!one || !other) return one ?? other;
  return [Math.min(one[0], other[0]), Math.min(one[1], other[1]), Math.max(one[2], other[2]), Math.max(one[3], other[3])];
}

/** One stroke, lasso or wand: paints 255 or 0 and remembers what was there before. */
export class Stroke {
  constructor(mask, value) {
    Object.assign(this, { mask, value, box: null, before: new Map() });
    this.paint = this.paint.bind(this);
  }

  paint(y, from, to) {
    const { mask, value } = this;
    if (y < 0 || y >= mask.height) return;
    from = Math.max(0, from);
    to = Math.min(mask.width, to);
    if (from >= to) return;
    this.box = join(this.box, [from, y, to, y + 1]);
    for (let x = from; x < to; ) {
      const key = mask.key(x >> 9, y >> 9);
      const end = Math.min(to, ((x >> 9) + 1) << 9);
      if (!this.before.has(key)) this.before.set(key, mask.tiles.get(key)?.slice() ?? null);
      if (value || mask.tiles.has(key)) {
        const offset = ((y & 511) << 9) | (x & 511);
        mask.tile(key).fill(value, offset, offset + end - x);
      }
      x = end;
    }
  }

  revert() {
    for (const [key, tile] of this.before) {
      if (tile) this.mask.tiles.set(key, tile);
      else this.mask.tiles.delete(key);
    }
  }

  /** The changed pixels in the box, 1 each, or null where nothing changed. */
  delta() {
    if (!this.box) return null;
    const now = this.mask.read(this.box);
    const past = new Grid(this.mask.width, this.mask.height, Uint8Array);
    for (const [key, tile] of this.before) if (tile) past.tiles.set(key, tile);
    const then = past.read(this.box);
    let changed = false;
    for (let i = 0; i < now.length; i++) {
      then[i] = now[i] === then[i] ? 0 : 1;
      changed ||= then[i] === 1;
    }
    return changed ? then : null;
  }
}

/** Paint a stroke's changed pixels again, on a mask that became another one in the meantime. */
export function repaint(mask, { box, delta, value }) {
  const pixels = mask.read(box);
  for (let i = 0; i < pixels.length; i++) if (delta[i]) pixels[i] = value;
  mask.write(box, pixels);
}
