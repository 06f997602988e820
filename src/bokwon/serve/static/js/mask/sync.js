// Carries the strokes of one page to the server: in order, one at a time, again until they arrive.

import { Lost, Problem, get, raw, setLost } from "../api.js";
import * as outbox from "./outbox.js";
import { decodeGray, encodeGray } from "./png.js";
import { Grid, repaint } from "./mask.js";

const CHUNK = 2048; // pixels a side of what is asked for at once: 4 MB decoded
const PAUSES = [500, 1000, 2000, 4000]; // milliseconds between tries

const BUSY = 8; // tries while the server answers that it is too busy

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Read a raster of a page, `mask` or `regions`, into a grid. */
export async function load(id, what, grid, box = [0, 0, grid.width, grid.height]) {
  for (let top = box[1]; top < box[3]; top += CHUNK) {
    for (let left = box[0]; left < box[2]; left += CHUNK) {
      const piece = [left, top, Math.min(left + CHUNK, box[2]), Math.min(top + CHUNK, box[3])];
      const response = await raw("GET", `/pages/${id}/${what}?box=${piece}`);
      grid.write(piece, (await decodeGray(await response.arrayBuffer())).pixels);
    }
  }
}

/** Events: "change" (detail: box or null for all), "page" (detail: fields of the page), "state", "problem" (detail: Problem). */
export class Sync extends EventTarget {
  constructor(page, folder) {
    super();
    this.id = page.id;
    this.folder = folder.output;
    this.kept = `${folder.output}\n${page.id}`; // pages of other folders may have this id
    this.version = page.mask_version;
    this.mask = new Grid(page.width, page.height, Uint8Array);
    this.waiting = [];
    this.painting = false; // a stroke is under the pointer; the mask must not be exchanged now
    this.loaded = false;
    this.running = null;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** Whether the server decides the mask right now, so that painting has to wait. */
  get busy() {
    return !this.loaded || this.waiting.some((entry) => entry.path);
  }

  async open() {
    await this.#reload(false);
    for (const entry of await outbox.of(this.kept)) {
      repaint(this.mask, entry);
      this.waiting.push({ ...entry, content: this.mask.read(entry.box) });
    }
    this.loaded = true;
    this.#tell("change", null);
    this.#run();
  }

  async #reload(version = true) {
    while (this.painting) await pause(50);
    if (version) {
      const page = await get(`/pages/${this.id}`);
      this.version = page.mask_version;
      this.#tell("page", page);
    }
    const fresh = new Grid(this.mask.width, this.mask.height, Uint8Array);
    await load(this.id, "mask", fresh);
    while (this.painting) await pause(50);
    this.mask.tiles = fresh.tiles;
    for (const entry of this.waiting.filter((each) => each.delta)) {
      repaint(this.mask, entry);
      entry.content = this.mask.read(entry.box);
    }
    this.#tell("change", null);
  }

  /** Send a finished stroke. */
  paint(stroke) {
    const delta = stroke.delta();
    if (!delta) return;
    const entry = { box: stroke.box, delta, value: stroke.value, content: this.mask.read(stroke.box) };
    this.waiting.push(entry);
    outbox.keep(this.kept, entry);
    this.#run();
  }

  /**
   * Have the server change the mask: undo, redo, morph, regions, a mask file. Resolves to its answer, or null if refused.
   * What changed is read anew: the box that the answer names, else `options.area`, else all.
   */
  command(method, path, options = {}) {
    return new Promise((resolve) => {
      this.waiting.push({ method, path, options, resolve });
      this.#tell("state");
      this.#run();
    });
  }

  /** Another tab or a command changed the page. */
  async follow(version) {
    if (version === this.version || this.running || !this.loaded) return;
    await this.#reload();
  }

  #run() {
    this.#tell("state");
    this.running ??= this.#work().finally(() => {
      this.running = null;
      this.#tell("state");
    });
  }

  async #work() {
    for (let tries = 0; this.waiting.length; ) {
      const entry = this.waiting[0];
      try {
        if (entry.tried) await this.#check();
        await this.#send(entry);
        this.waiting.shift();
        outbox.drop(entry);
        tries = 0;
        this.#tell("state");
      } catch (error) {
        if (error instanceof Lost || (error.later && tries < BUSY)) {
          entry.tried = true;
          this.#tell("state");
          await pause(PAUSES[Math.min(tries++, PAUSES.length - 1)]);
        } else if (error instanceof Problem) {
          await this.#refused(entry, error);
        } else {
          throw error;
        }
      }
    }
  }

  /** After a lost connection another folder may be open at this address. */
  async #check() {
    if ((await get("/folder")).output === this.folder) return;
    setLost("folder");
    throw new Lost("folder");
  }

  async #send(entry) {
    while (entry.path && this.painting) await pause(30);
    if (entry.path) {
      const response = await raw(entry.method, `/pages/${this.id}/${entry.path}`, { ...entry.options, version: this.version });
      const answer = await response.json();
      this.version = answer.mask_version;
      const box = answer.box ?? entry.options.area;
      if (box) await load(this.id, "mask", this.mask, box);
      else await this.#reload(false);
      this.#tell("change", box ?? null);
      this.#tell("page", answer);
      entry.resolve(answer);
    } else {
      const [left, top, right, bottom] = entry.box;
      const body = await encodeGray(right - left, bottom - top, entry.content);
      const response = await raw("PATCH", `/pages/${this.id}/mask?x=${left}&y=${top}`, { body, version: this.version });
      const answer = await response.json();
      this.version = answer.mask_version;
      this.#tell("page", { can_redo: false, ...answer });
    }
  }

  /** The mask is another one on the server (412): take that one and paint what waits upon it. Else give the entry up. */
  async #refused(entry, problem) {
    const changed = problem.status === 412;
    if (!changed || entry.path) {
      this.waiting.shift();
      outbox.drop(entry);
      entry.resolve?.(null);
      // An undo whose answer got lost was done already: a second one would take back too much.
      if (!(changed && entry.tried)) this.#tell("problem", problem);
    }
    for (let tries = 0; ; tries++) {
      try {
        await this.#reload();
        return;
      } catch (error) {
        if (!(error instanceof Lost)) {
          this.#tell("problem", error);
          return;
        }
        await pause(PAUSES[Math.min(tries, PAUSES.length - 1)]);
      }
    }
  }
}
