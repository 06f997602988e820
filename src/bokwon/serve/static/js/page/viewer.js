// The page in deep zoom, its layers, and the way between places on the screen and pixels of the image.

import { url } from "../api.js";

const { OpenSeadragon } = globalThis;

// OpenSeadragon adds a style element, which the page's policy forbids, unless it finds one. This one is none of HTML's.
const marker = document.createElementNS(null, "style");
marker.setAttribute("data-openseadragon-mobile-css", "");
document.head.append(marker);

const TILE = 512;
const GAP = 12; // CSS pixels between a region and what lies over the page
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
  /** @param {HTMLElement} element @param page As the server describes it. @param {string[]} layers Bottom first. */
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
    this.osd.viewport.panBy(new OpenSeadragon.Point(-dx / unit, -dy / unit), true);
    this.osd.viewport.applyConstraints(true);
  }

  zoomBy(factor, clientX, clientY) {
    const corner = this.element.getBoundingClientRect();
    const at = clientX === undefined
      ? undefined
      : this.osd.viewport.pointFromPixel(new OpenSeadragon.Point(clientX - corner.left, clientY - corner.top), true);
    this.osd.viewport.zoomBy(factor, at, true);
    this.osd.viewport.applyConstraints(true);
  }

  /** Show true pixels: `times` screen pixels for one pixel of the image; 0 shows the whole page. */
  pixels(times) {
    const { viewport } = this.osd;
    if (!times) viewport.goHome(true);
    else viewport.zoomTo(this.items.original.imageToViewportZoom(times / devicePixelRatio), undefined, true);
    viewport.applyConstraints(true);
  }

  centre([left, top, right, bottom]) {
    const { width } = this.page;
    const margin = Math.max(right - left, bottom - top, 200) * 0.6;
    const box = new OpenSeadragon.Rect((left - margin) / width, (top - margin) / width, (right - left + 2 * margin) / width, (bottom - top + 2 * margin) / width);
    this.osd.viewport.fitBounds(box, true);
  }

  /** Move the view up until a box lies above a height in the window, or its upper edge is reached. */
  uncover([, top, , bottom], height) {
    const { scale, y } = this.transform();
    const up = bottom * scale + y - (height - this.element.getBoundingClientRect().top - GAP);
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
