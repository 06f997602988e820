// Pointer and arrow keys on the page: move, zoom, paint, erase, lasso, wand. Mouse, pen and touch do the same.

import { Stroke, join } from "../mask/mask.js";
import { polygon, radius, sweep } from "../mask/raster.js";

export const TOOLS = ["hand", "brush", "eraser", "lasso", "wand"];

const CLICK = 5; // CSS pixels: a pointer that moved less has clicked
const LARGEST = 2000; // image pixels of a brush
const SIZED = ["brush", "eraser"];

/** Events: "tool" (tool, size or mode changed), "pick" {x, y}, "wand" {x, y, value}, "place" {x, y}. */
export class Tools extends EventTarget {
  constructor(stage, viewer, overlay, sync) {
    super();
    Object.assign(this, { stage, viewer, overlay, sync });
    this.tool = "hand";
    this.sizes = { brush: 24, eraser: 24, ...JSON.parse(localStorage.getItem("sizes") ?? "{}") };
    this.removing = false; // lasso and wand take away
    this.pointers = new Map();
    this.action = null;
    this.drawings = []; // strokes that are drawn or wait to be drawn
    this.space = false;
    this.penSeen = false; // from then on a touch is the hand that holds the pen
    this.penDown = null; // the pointer of a pen that draws
    const on = (target, name, listener, options) => target.addEventListener(name, listener, options);
    on(stage, "pointerdown", (event) => this.#down(event));
    on(stage, "pointermove", (event) => this.#move(event));
    on(stage, "pointerup", (event) => this.#up(event));
    on(stage, "pointercancel", (event) => this.#up(event, true));
    on(stage, "pointerleave", (event) => event.pointerType === "mouse" && !this.action && this.#point(null));
    on(stage, "dblclick", () => this.closeShape());
    on(stage, "wheel", (event) => this.#wheel(event), { passive: false });
    // The click that follows a tap would fall on the card that the tap opened.
    on(stage, "touchend", (event) => this.tool === "hand" && event.cancelable && event.preventDefault(), { passive: false });
    on(stage, "contextmenu", (event) => event.preventDefault());
    on(stage, "keydown", (event) => this.#key(event));
    on(stage, "keyup", (event) => event.code === "Space" && this.#hold(false));
    on(stage, "blur", () => this.#hold(false));
    on(sync, "state", () => this.#draw());
    this.choose("hand");
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  get size() {
    return this.sizes[this.tool] ?? 0;
  }

  choose(tool) {
    this.tool = tool;
    this.dropShape();
    this.stage.dataset.tool = tool;
    if (this.overlay.cursor) this.#point([this.overlay.cursor.x, this.overlay.cursor.y]);
    this.#tell("tool");
  }

  resize(size) {
    if (!SIZED.includes(this.tool)) return;
    this.sizes[this.tool] = Math.round(Math.min(LARGEST, Math.max(1, size)));
    localStorage.setItem("sizes", JSON.stringify(this.sizes));
    if (this.overlay.cursor) this.#point([this.overlay.cursor.x, this.overlay.cursor.y]);
    this.#tell("tool");
  }

  /** One step larger (1) or smaller (-1): a tenth, at least a pixel. */
  step(sign) {
    this.resize(this.size + sign * Math.max(1, Math.round(this.size / 10)));
  }

  setRemoving(removing) {
    this.removing = removing;
    this.#tell("tool");
  }

  #point(place, erase = this.tool === "eraser" || (this.removing && !SIZED.includes(this.tool))) {
    this.overlay.cursor = place && this.tool !== "hand" ? { x: place[0], y: place[1], size: this.size, erase } : null;
    this.overlay.request();
    this.#tell("place", place);
  }

  #hold(space) {
    this.space = space;
    this.stage.classList.toggle("moving", space);
  }

  #down(event) {
    this.stage.focus({ preventScroll: true });
    const place = [event.clientX, event.clientY];
    if (event.pointerType === "touch" && this.penDown !== null) return; // the palm, beside a pen at work
    if (event.pointerType === "pen") {
      // The palm may have come first.
      if (this.pointers.size) this.#drop();
      this.pointers.clear();
      this.penDown = event.pointerId;
    }
    this.pointers.set(event.pointerId, place);
    this.stage.setPointerCapture(event.pointerId);
    if (event.pointerType === "pen") this.penSeen = true;
    if (this.pointers.size === 2) {
      this.#drop();
      this.action = { kind: "pinch" };
      return;
    }
    if (this.pointers.size > 2 || (event.button > 1 && event.button !== 5)) return;
    const resting = event.pointerType === "touch" && this.penSeen;
    const image = this.viewer.toImage(...place);
    if (this.tool === "hand" || event.button === 1 || this.space || resting) {
      this.action = { kind: "pan", start: place, moved: false, pick: this.tool === "hand" && !this.space };
    } else if (SIZED.includes(this.tool) && event.altKey) {
      this.action = { kind: "size", start: place, image, size: this.size };
    } else if (SIZED.includes(this.tool)) {
      const erase = this.tool === "eraser" || event.button === 5;
      const drawing = { value: erase ? 0 : 255, size: this.size, points: [image], done: 0, over: false, stroke: null };
      this.action = { kind: "stroke", drawing };
      this.drawings.push(drawing);
      this.#draw();
    } else if (this.tool === "lasso") {
      this.action = { kind: "lasso", start: place, free: false };
      this.overlay.shape.push(image);
    } else {
      this.action = { kind: "wand", start: place };
    }
    this.#point(image);
  }

  #move(event) {
    const last = this.pointers.get(event.pointerId);
    const place = [event.clientX, event.clientY];
    const { action } = this;
    if (!last || !action) {
      if (event.pointerType !== "touch") this.#point(this.viewer.toImage(...place));
      return;
    }
    if (action.kind === "pinch") {
      this.#pinch(event.pointerId, place);
      return;
    }
    this.pointers.set(event.pointerId, place);
    const far = action.start && Math.hypot(place[0] - action.start[0], place[1] - action.start[1]) > CLICK;
    const image = this.viewer.toImage(...place);
    if (action.kind === "pan") {
      action.moved ||= far;
      if (action.moved) this.viewer.panBy(place[0] - last[0], place[1] - last[1]);
    } else if (action.kind === "size") {
      this.resize(action.size + (place[0] - action.start[0]) / this.viewer.transform().scale);
      this.#point(action.image);
      return;
    } else if (action.kind === "stroke") {
      for (const each of event.getCoalescedEvents?.() ?? []) action.drawing.points.push(this.viewer.toImage(each.clientX, each.clientY));
      action.drawing.points.push(image);
      this.#draw();
    } else if (action.kind === "lasso") {
      action.free ||= far;
      if (action.free) this.overlay.shape.push(image);
    }
    this.#point(image, action.drawing ? action.drawing.value === 0 : undefined);
  }

  #up(event, cancelled = false) {
    if (event.pointerId === this.penDown) this.penDown = null;
    if (!this.pointers.delete(event.pointerId)) return;
    const { action } = this;
    if (action?.kind === "pinch") {
      if (!this.pointers.size) this.action = null;
      return;
    }
    this.action = null;
    const image = this.viewer.toImage(event.clientX, event.clientY);
    if (event.pointerType === "touch") this.#point(null);
    if (action?.kind === "stroke") {
      if (cancelled) this.#cancel(action.drawing);
      else action.drawing.over = true;
      this.#draw();
    } else if (cancelled || !action) {
      this.dropShape();
    } else if (action.kind === "pan" && action.pick && !action.moved) {
      this.#tell("pick", { x: image[0], y: image[1] });
    } else if (action.kind === "wand") {
      this.#tell("wand", { x: Math.floor(image[0]), y: Math.floor(image[1]), value: this.removing || event.altKey ? 0 : 255 });
    } else if (action.kind === "lasso") {
      const [x, y] = this.overlay.shape[0];
      const near = Math.hypot(image[0] - x, image[1] - y) * this.viewer.transform().scale < 2 * CLICK;
      if (action.free || (near && this.overlay.shape.length > 3)) this.closeShape(event.altKey);
    }
  }

  #pinch(id, place) {
    const centre = () => {
      const [[ax, ay], [bx, by]] = [...this.pointers.values()];
      return [(ax + bx) / 2, (ay + by) / 2, Math.max(1, Math.hypot(ax - bx, ay - by))];
    };
    if (this.pointers.size < 2) return;
    const [x0, y0, before] = centre();
    this.pointers.set(id, place);
    const [x1, y1, after] = centre();
    this.viewer.panBy(x1 - x0, y1 - y0);
    this.viewer.zoomBy(after / before, x1, y1);
  }

  #wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 24 : event.deltaMode === 2 ? 400 : 1;
    this.viewer.zoomBy(Math.exp(-Math.max(-240, Math.min(240, event.deltaY * unit)) / 400), event.clientX, event.clientY);
    this.#point(this.viewer.toImage(event.clientX, event.clientY));
  }

  /** Rasterise what was drawn, as soon as the server is not deciding about the mask. */
  #draw() {
    while (this.drawings.length) {
      const drawing = this.drawings[0];
      if (!drawing.stroke && this.sync.busy) return;
      this.sync.painting = true;
      drawing.stroke ??= new Stroke(this.sync.mask, drawing.value);
      let box = null;
      for (; drawing.done < drawing.points.length; drawing.done++) {
        const [x, y] = drawing.points[drawing.done];
        const [from, down] = drawing.points[Math.max(0, drawing.done - 1)];
        sweep(from, down, x, y, drawing.size, drawing.stroke.paint);
        const reach = radius(drawing.size) + 1;
        box = join(box, [Math.min(x, from) - reach, Math.min(y, down) - reach, Math.max(x, from) + reach, Math.max(y, down) + reach]);
      }
      if (box) this.#show(box);
      if (!drawing.over) return;
      this.drawings.shift();
      this.sync.painting = false;
      this.sync.paint(drawing.stroke);
    }
  }

  #show(box) {
    const { width, height } = this.sync.mask;
    const inside = [Math.max(0, Math.floor(box[0])), Math.max(0, Math.floor(box[1])), Math.min(width, Math.ceil(box[2])), Math.min(height, Math.ceil(box[3]))];
    if (inside[0] < inside[2] && inside[1] < inside[3]) this.overlay.changed(inside);
  }

  #cancel(drawing) {
    this.drawings = this.drawings.filter((each) => each !== drawing);
    if (!drawing.stroke) return;
    this.sync.painting = false;
    drawing.stroke.revert();
    this.overlay.changed(drawing.stroke.box);
  }

  /** A second finger or Escape: what one finger had begun was not meant. */
  #drop() {
    if (this.action?.kind === "stroke") this.#cancel(this.action.drawing);
    this.dropShape();
    this.action = null;
  }

  dropShape() {
    const had = this.overlay.shape.length > 0;
    this.overlay.shape = [];
    this.overlay.request();
    return had;
  }

  /** Paint the inside of the lasso. */
  closeShape(alt = false) {
    const points = this.overlay.shape;
    this.dropShape();
    if (points.length > 2) this.apply(this.removing || alt ? 0 : 255, (paint) => polygon(points, paint));
  }

  /** Paint rows at once as one stroke: fill(paint). */
  apply(value, fill) {
    if (this.sync.busy) {
      this.sync.addEventListener("state", () => this.apply(value, fill), { once: true });
      return;
    }
    const stroke = new Stroke(this.sync.mask, value);
    fill(stroke.paint);
    if (!stroke.box) return;
    this.overlay.changed(stroke.box);
    this.sync.paint(stroke);
  }

  /** Arrows move the view (hand) or the cursor; Enter is the click; Escape gives up. */
  #key(event) {
    if (event.target !== this.stage || event.ctrlKey || event.metaKey) return;
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const { overlay, viewer } = this;
    if (event.code === "Space") this.#hold(true);
    else if (arrow && this.tool === "hand") {
      const step = event.shiftKey ? 240 : 60;
      viewer.panBy(-arrow[0] * step, -arrow[1] * step);
    } else if (arrow) {
      const step = (event.shiftKey ? 32 : 4) / viewer.transform().scale;
      const { x, y } = overlay.cursor ?? this.#middle();
      this.#travel(x + arrow[0] * step, y + arrow[1] * step);
    } else if (event.key === "Enter") this.#enter(event.altKey);
    else if (event.key === "Escape" && (this.action || overlay.shape.length || this.pen)) {
      this.#lift();
      this.#drop();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #middle() {
    const corner = this.stage.getBoundingClientRect();
    const [x, y] = this.viewer.toImage(corner.left + corner.width / 2, corner.top + corner.height / 2);
    return { x, y };
  }

  #travel(x, y) {
    this.pen?.points.push([x, y]);
    this.#point([x, y]);
    this.#draw();
  }

  /** With arrow keys: Enter puts the brush down and lifts it, adds a corner, uses the wand, or picks. */
  #enter(alt) {
    const { x, y } = this.overlay.cursor ?? this.#middle();
    if (this.tool === "hand") this.#tell("pick", { x, y });
    else if (this.tool === "wand") this.#tell("wand", { x: Math.floor(x), y: Math.floor(y), value: this.removing || alt ? 0 : 255 });
    else if (this.tool === "lasso") {
      const last = this.overlay.shape.at(-1);
      if (last && Math.hypot(last[0] - x, last[1] - y) < 1) this.closeShape(alt);
      else this.overlay.shape.push([x, y]);
      this.#point([x, y]);
    } else if (this.pen) this.#lift();
    else {
      this.pen = { value: this.tool === "eraser" ? 0 : 255, size: this.size, points: [[x, y]], done: 0, over: false, stroke: null };
      this.drawings.push(this.pen);
      this.#point([x, y]);
      this.#draw();
    }
  }

  #lift() {
    if (this.pen) this.pen.over = true;
    this.pen = null;
    this.#draw();
  }
}
