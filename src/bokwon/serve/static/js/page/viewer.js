// The page in deep zoom, its layers, and the way between places on the screen and pixels of the image.

import { url } from "../api.js";

const { OpenSeadragon } = globalThis;

// OpenSeadragon adds a style element, which the page's policy forbids, unless it finds one. This one is none of HTML's.
const marker = document.createElementNS(null, "style");
marker.setAttribute("data-openseadragon-mobile-css", "");
document.head.append(marker);

const TILE = 512;
const GAP = 12; // CSS pixels between a region and what lies over the page
const ROOM = 0.7; // share of the view that a region takes at most when it is shown
const MARGIN = 0.15; // share of the view that is kept free around it
const SPECK = 24; // CSS pixels: what is smaller is enlarged to be seen
const CLOSE = 2; // CSS pixels for one image pixel to which specks are enlarged
const LARGEST = 40; // screen pixels for one image pixel

function source(page, layer) {
  const version = layer === "original" ? 0 : page.restored_version;
  return {
    width: page.width,
    height: page.height,
    tileSize: TILE,
    tileOverlap: 0,
    minLevel: 0,
    maxLevel: Math.ceil(Math.log2(Math.max(page.width, page.height, 2))),
    getTileUrl: (level, x, y) => url(`/pages/${page.id}/tiles/${layer}/${level}/${x}_${y}?v=${version}`),
  };
}

export class PageViewer {
  /** @param {HTMLElement} element @param page As the server describes it. */
  constructor(element, page, { mouse = false } = {}) {
    this.page = page;
    this.element = element;
    this.items = {};
    this.osd = new OpenSeadragon({
      element,
      drawer: "canvas",
      showNavigationControl: false,
      mouseNavEnabled: mouse,
      keyboardNavEnabled: false,
      gestureSettingsMouse: { clickToZoom: false },
      gestureSettingsTouch: { clickToZoom: false, dblClickToZoom: false },
      animationTime: 0.2,
      springStiffness: 10,
      visibilityRatio: 0.3,
      minZoomImageRatio: 0.5,
      maxZoomPixelRatio: LARGEST,
      imageLoaderLimit: 4,
      maxImageCacheCount: 300,
      preserveImageSizeOnResize: true,
      tabIndex: -1,
      drawerOptions: { canvas: {} },
    });
    element.inert = !mouse; // the stage takes pointers and keys
    this.osd.addHandler("update-viewport", () => this.#smooth());
  }

  /** Put a layer on top, or exchange it for the newest version; resolves when it is in place. */
  show(layer, opacity = 1) {
    if (this.gone) return Promise.resolve();
    const old = this.items[layer];
    return new Promise((resolve) => {
      this.osd.addTiledImage({
        tileSource: source(this.page, layer),
        opacity,
        success: ({ item }) => {
          // The page may be left while the layer is being fetched.
          if (this.gone) return resolve(item);
          this.items[layer] = item;
          // The old layer stays below until the new one is drawn: no flicker.
          const done = () => old && this.osd.world.getIndexOfItem(old) >= 0 && this.osd.world.removeItem(old);
          if (item.getFullyLoaded()) done();
          else item.addOnceHandler("fully-loaded-change", done);
          return resolve(item);
        },
      });
    });
  }

  remove(layer) {
    if (this.items[layer] && !this.gone) this.osd.world.removeItem(this.items[layer]);
    delete this.items[layer];
  }

  opacity(layer, value) {
    this.items[layer]?.setOpacity(value);
  }

  /** Show a layer only right of this fraction of the width of the screen. */
  clip(layer, fraction) {
    const item = this.items[layer];
    if (!item) return;
    if (fraction === null) {
      item.setClip(null);
      return;
    }
    const { scale, x } = this.transform();
    const left = Math.min(this.page.width, Math.max(0, (fraction * this.element.clientWidth - x) / scale));
    item.setClip(new OpenSeadragon.Rect(left, 0, this.page.width - left, this.page.height));
  }

  /** screen = image * scale + (x, y), in CSS pixels from the corner of the element. */
  transform() {
    const bounds = this.osd.viewport.getBounds(true);
    const unit = this.element.clientWidth / bounds.width; // CSS pixels for the width of the image
    return { scale: unit / this.page.width, x: -bounds.x * unit, y: -bounds.y * unit };
  }

  toImage(clientX, clientY) {
    const { scale, x, y } = this.transform();
    const corner = this.element.getBoundingClientRect();
    return [(clientX - corner.left - x) / scale, (clientY - corner.top - y) / scale];
  }

  panBy(dx, dy) {
    const { scale } = this.transform();
    const unit = scale * this.page.width;
    this.whole = false;
    this.osd.viewport.panBy(new OpenSeadragon.Point(-dx / unit, -dy / unit), true);
    this.osd.viewport.applyConstraints(true);
  }

  zoomBy(factor, clientX, clientY) {
    const corner = this.element.getBoundingClientRect();
    const at = clientX === undefined
      ? undefined
      : this.osd.viewport.pointFromPixel(new OpenSeadragon.Point(clientX - corner.left, clientY - corner.top), true);
    this.whole = false;
    this.osd.viewport.zoomBy(factor, at, true);
    this.osd.viewport.applyConstraints(true);
  }

  /** Show true pixels: `times` screen pixels for one pixel of the image; 0 shows the whole page. */
  pixels(times) {
    const { viewport } = this.osd;
    this.whole = !times; // it stays whole when there is more room, or less
    if (!times) viewport.goHome(true);
    else viewport.zoomTo(this.items.original.imageToViewportZoom(times / devicePixelRatio), undefined, true);
    viewport.applyConstraints(true);
  }

  /**
   * Bring a box into view with what is around it, above a height in the window. The view moves no further than it has
   * to, and it zooms only to a box that is a speck or larger than the view.
   */
  reveal([left, top, right, bottom], height) {
    const [width, room] = [this.element.clientWidth, this.#above(height)];
    const { viewport } = this.osd;
    const now = this.transform();
    const side = Math.max(right - left, bottom - top);
    const largest = ROOM * Math.min(width / (right - left), room / (bottom - top));
    const scale = Math.min(largest, side * now.scale < SPECK ? Math.max(now.scale, Math.min((2 * SPECK) / side, CLOSE)) : now.scale);
    if (scale !== now.scale) {
      // The middle of the box stays where it is on the screen, and is moved from there.
      const middle = new OpenSeadragon.Point((left + right) / 2 / this.page.width, (top + bottom) / 2 / this.page.width);
      viewport.zoomTo((scale * this.page.width) / width, middle, true);
      this.whole = false;
    }
    const { x, y } = this.transform();
    /** By how much the view has to move along one axis. There is nothing to be seen beyond the edges of the page. */
    const least = (from, to, start, whole, size) => {
      const margin = Math.min(MARGIN * size, (size - (to - from) * scale) / 2);
      const [before, after] = [Math.min(margin, from * scale + GAP), Math.min(margin, (whole - to) * scale + GAP)];
      return Math.max(before - from * scale - start, 0) || Math.min(size - after - to * scale - start, 0);
    };
    const [dx, dy] = [least(left, right, x, this.page.width, width), least(top, bottom, y, this.page.height, room)];
    if (dx || dy) this.panBy(dx, dy);
  }

  /** How many pixels of the element lie above a height in the window. */
  #above(height) {
    const corner = this.element.getBoundingClientRect();
    return Math.min(corner.height, height - corner.top - GAP);
  }

  /** Move the view up until a box lies above a height in the window, or its upper edge is reached. */
  uncover([, top, , bottom], height) {
    const { scale, y } = this.transform();
    const up = bottom * scale + y - this.#above(height);
    if (up > 0) this.panBy(0, -Math.min(up, Math.max(0, top * scale + y - GAP)));
  }

  #smooth() {
    const smooth = this.transform().scale * devicePixelRatio < 1;
    if (smooth === this.smooth) return;
    this.smooth = smooth;
    this.osd.drawer.setImageSmoothingEnabled(smooth);
  }

  destroy() {
    this.gone = true;
    this.osd.destroy();
  }
}
