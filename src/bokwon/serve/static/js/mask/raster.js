// Shapes to rows of pixels. A pixel belongs to a shape where its centre lies in it: hard edges, no blending.

/** The radius of a brush. Below one pixel's diagonal it would miss every centre. */
export function radius(size) {
  return Math.max(size / 2, Math.SQRT1_2);
}

function row(y, left, right, paint) {
  const from = Math.ceil(left - 0.5);
  const to = Math.floor(right - 0.5) + 1;
  if (to > from) paint(y, from, to);
}

/** Paint a disc of `size` pixels swept along the line from (ax, ay) to (bx, by): paint(y, from, to), `to` excluded. */
export function sweep(ax, ay, bx, by, size, paint) {
  const r = radius(size);
  const length = Math.hypot(bx - ax, by - ay);
  const [nx, ny] = length ? [(-(by - ay) / length) * r, ((bx - ax) / length) * r] : [0, 0];
  const corners = [ax + nx, ay + ny, bx + nx, by + ny, bx - nx, by - ny, ax - nx, ay - ny];
  const bottom = Math.floor(Math.max(ay, by) + r - 0.5);
  for (let y = Math.ceil(Math.min(ay, by) - r - 0.5); y <= bottom; y++) {
    const centre = y + 0.5;
    let left = Infinity;
    let right = -Infinity;
    const add = (x) => {
      if (x < left) left = x;
      if (x > right) right = x;
    };
    for (const [x, middle] of [[ax, ay], [bx, by]]) {
      const squared = r * r - (centre - middle) ** 2;
      if (squared >= 0) {
        add(x - Math.sqrt(squared));
        add(x + Math.sqrt(squared));
      }
    }
    if (length) {
      for (let i = 0; i < 8; i += 2) {
        const [x0, y0, x1, y1] = [corners[i], corners[i + 1], corners[(i + 2) % 8], corners[(i + 3) % 8]];
        if (y0 !== y1 && (centre - y0) * (centre - y1) <= 0) add(x0 + ((x1 - x0) * (centre - y0)) / (y1 - y0));
      }
    }
    row(y, left, right, paint);
  }
}

/** Paint the inside of a polygon [[x, y], ...]; where it crosses itself, everything enclosed is inside. */
export function polygon(points, paint) {
  if (points.length < 3) return;
  const ys = points.map((point) => point[1]);
  const bottom = Math.floor(Math.max(...ys) - 0.5);
  for (let y = Math.ceil(Math.min(...ys) - 0.5); y <= bottom; y++) {
    const centre = y + 0.5;
    const crossings = [];
    points.forEach(([x0, y0], i) => {
      const [x1, y1] = points[(i + 1) % points.length];
      if (y0 <= centre !== y1 <= centre) crossings.push([x0 + ((x1 - x0) * (centre - y0)) / (y1 - y0), y1 > y0 ? 1 : -1]);
    });
    crossings.sort((one, other) => one[0] - other[0]);
    let winding = 0;
    crossings.forEach(([x, turn], i) => {
      winding += turn;
      if (winding) row(y, x, crossings[i + 1][0], paint);
    });
  }
}
