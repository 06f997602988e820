// Draws the mask over the page: coloured regions, the cursor that is the stroke, and shapes being drawn.

import { TILE } from "../mask/mask.js";
import { radius, sweep } from "../mask/raster.js";

/** [red, green, blue] of each kind: those of the command's pictures of found damage. */
export const COLOURS = {
  drawn: [205, 0, 165],
  "missing paper": [215, 48, 39],
  tear: [244, 109, 67],
  crease: [254, 196, 60],
  scratch: [102, 189, 99],
  abrasion: [69, 180, 200],
  "hiding stain": [123, 50, 148],
  "readable stain": [69, 117, 220],
  "film and dust": [230, 90, 190],
};

const OUTLINED = 4; // from this many screen pixels for one image pixel on, the cursor shows the very pixels

function packed([red, green, blue], alpha) {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

const INSIDE = 96; // of 255: what lies below stays legible
const EDGE = 235;

export class Overlay {
  constructor(canvas, viewer, mask, ids) {
    Object.assign(this, { canvas, viewer, mask, ids, regions: new Map() });
    this.context = canvas.getContext("2d");
    this.pictures = new Map();
    this.known = new Uint8Array(65536);
    this.visible = true;
    this.cursor = null; // {x, y, size, erase, draft} in image pixels
    this.shape = []; // the lasso's points
    this.selected = null;
    this.level = 0;
    this.requested = false;
  }

  /** Colours follow the kinds of these regions; a rejected one is hatched. */
  setRegions(regions) {
    const found = regions.filter((region) => region.source === "found");
    this.regions = new Map(found.map((region) => [region.id, region]));
    // By id: 0 for what was drawn or given, which has one colour however its pieces are numbered.
    this.known = new Uint8Array(65536);
    for (const { id, decision } of found) this.known[id] = decision === "rejected" ? 2 : 1;
    this.changed(null);
  }

  /** The mask changed in a box; null stands for everywhere. */
  changed(box) {
    if (!box) this.pictures.clear();
    else {
      for (let ty = box[1] >> 9; ty <= (box[3] - 1) >> 9; ty++) {
        for (let tx = box[0] >> 9; tx <= (box[2] - 1) >> 9; tx++) {
          const picture = this.pictures.get(this.mask.key(tx, ty));
          const [left, top] = [Math.max(0, box[0] - (tx << 9)), Math.max(0, box[1] - (ty << 9))];
          const part = [left, top, Math.min(TILE, box[2] - (tx << 9)), Math.min(TILE, box[3] - (ty << 9))];
          if (picture?.canvas) this.#paint(picture, tx, ty, part);
          else this.pictures.delete(this.mask.key(tx, ty));
        }
      }
    }
    this.request();
  }

  request() {
    if (this.requested) return;
    this.requested = true;
    requestAnimationFrame(() => {
      this.requested = false;
      this.draw();
    });
  }

  /** Paint a part of a tile's picture; at level k one of its pixels stands for 2^k x 2^k of the mask. */
  #paint(picture, tx, ty, [left, top, right, bottom]) {
    const k = this.level;
    const size = TILE >> k;
    const mask = this.mask.tiles.get(this.mask.key(tx, ty));
    const ids = this.ids.tiles.get(this.mask.key(tx, ty));
    const from = [Math.max(0, (left >> k) - 1), Math.max(0, (top >> k) - 1)];
    const to = [Math.min(size, ((right - 1) >> k) + 2), Math.min(size, ((bottom - 1) >> k) + 2)];
    const [width, height] = [to[0] - from[0], to[1] - from[1]];
    // One pixel more around, for the edge.
    const span = width + 2;
    const kinds = new Int32Array(span * (height + 2)).fill(-2); // -2 unknown, -1 none, else the id, 0 = drawn
    for (let v = 0; v < height + 2; v++) {
      for (let u = 0; u < span; u++) {
        const [x, y] = [from[0] + u - 1, from[1] + v - 1];
        if (x < 0 || y < 0 || x >= size || y >= size) continue;
        let found = -1;
        for (let dy = 0; dy < 1 << k && found < 0; dy++) {
          const row = (((y << k) + dy) << 9) + (x << k);
          for (let dx = 0; dx < 1 << k; dx++) {
            const id = ids?.[row + dx] ?? 0;
            const known = this.known[id];
            if (mask?.[row + dx]) found = known === 1 ? id : 0; // drawn over a rejected region: drawn
            else if (known === 2) found = id;
            if (found >= 0) break;
          }
        }
        kinds[v * span + u] = found;
      }
    }
    const image = picture.context.createImageData(width, height);
    const out = new Uint32Array(image.data.buffer);
    for (let v = 0, i = 0; v < height; v++) {
      for (let u = 0; u < width; u++, i++) {
        const at = (v + 1) * span + u + 1;
        const id = kinds[at];
        if (id < 0) continue;
        const region = this.regions.get(id);
        const colour = COLOURS[region?.kind] ?? COLOURS.drawn;
        const edge = [at - 1, at + 1, at - span, at + span].some((next) => kinds[next] !== id && kinds[next] !== -2);
        const rejected = region?.decision === "rejected";
        if (rejected) out[i] = edge || (u + from[0] + v + from[1]) % 8 < 1 ? packed(colour, 150) : 0;
        else out[i] = packed(colour, edge ? EDGE : INSIDE);
      }
    }
    picture.context.putImageData(image, from[0], from[1]);
  }

  #picture(tx, ty) {
    const key = this.mask.key(tx, ty);
    let picture = this.pictures.get(key);
    if (!picture) {
      picture = {};
      if (this.mask.tiles.has(key) || this.ids.tiles.has(key)) {
        picture.canvas = document.createElement("canvas");
        picture.canvas.width = picture.canvas.height = TILE >> this.level;
        picture.context = picture.canvas.getContext("2d");
        this.#paint(picture, tx, ty, [0, 0, TILE, TILE]);
      }
      this.pictures.set(key, picture);
    }
    return picture.canvas;
  }

  draw() {
    const { canvas, context, viewer, mask } = this;
    const ratio = devicePixelRatio;
    const [width, height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio].map(Math.round);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const { scale, x, y } = viewer.transform();
    canvas.dataset.view = `${scale} ${x} ${y}`;
    const level = Math.min(9, Math.max(0, Math.floor(-Math.log2(scale * ratio))));
    if (level !== this.level) {
      this.level = level;
      this.pictures.clear();
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(scale * ratio, 0, 0, scale * ratio, x * ratio, y * ratio);
    if (this.visible) {
      context.imageSmoothingEnabled = scale * ratio < 1;
      const [left, top] = [-x / scale, -y / scale].map((value) => Math.max(0, value) >> 9);
      const right = Math.min(mask.width - 1, (canvas.clientWidth - x) / scale) >> 9;
      const bottom = Math.min(mask.height - 1, (canvas.clientHeight - y) / scale) >> 9;
      for (let ty = top; ty <= bottom; ty++) {
        for (let tx = left; tx <= right; tx++) {
          const picture = this.#picture(tx, ty);
          if (picture) context.drawImage(picture, tx << 9, ty << 9, TILE, TILE);
        }
      }
    }
    this.#lines(scale);
  }

  /** Draw the current path twice, dark and light, so that it shows on every page. */
  #stroke(scale, dashed) {
    const { context } = this;
    context.setLineDash([]);
    context.lineWidth = 3 / scale;
    context.strokeStyle = "rgb(0 0 0 / 0.65)";
    context.stroke();
    context.lineWidth = 1.25 / scale;
    context.strokeStyle = "#fff";
    if (dashed) context.setLineDash([5 / scale, 4 / scale]);
    context.stroke();
    context.setLineDash([]);
  }

  #lines(scale) {
    const { context, cursor, selected, shape } = this;
    if (selected) {
      const [left, top, right, bottom] = selected.box;
      const gap = 5 / scale;
      context.beginPath();
      context.rect(left - gap, top - gap, right - left + 2 * gap, bottom - top + 2 * gap);
      this.#stroke(scale, true);
    }
    if (shape.length) {
      context.beginPath();
      for (const [x, y] of shape) context.lineTo(x, y);
      if (cursor) context.lineTo(cursor.x, cursor.y);
      this.#stroke(scale, true);
    }
    if (!cursor) return;
    context.beginPath();
    if (!cursor.size) {
      const arm = 8 / scale;
      context.moveTo(cursor.x - arm, cursor.y);
      context.lineTo(cursor.x + arm, cursor.y);
      context.moveTo(cursor.x, cursor.y - arm);
      context.lineTo(cursor.x, cursor.y + arm);
    } else if (scale >= OUTLINED && cursor.size <= 200) {
      const rows = [];
      sweep(cursor.x, cursor.y, cursor.x, cursor.y, cursor.size, (y, from, to) => rows.push([y, from, to]));
      for (const [y, from] of rows) (context.lineTo(from, y), context.lineTo(from, y + 1));
      for (const [y, , to] of rows.reverse()) (context.lineTo(to, y + 1), context.lineTo(to, y));
      context.closePath();
    } else {
      context.arc(cursor.x, cursor.y, radius(cursor.size), 0, 2 * Math.PI);
    }
    this.#stroke(scale, cursor.erase);
  }
}
