// One flush for everything that changes: changes gather for 100 ms and are then drawn together.

/** @typedef {{ render(things: Set<unknown>): void }['render']} Render draws the things that were named since it ran last */

/** @type {Map<Render, Set<unknown>>} */
const queue = new Map();
let paused = false;
/** @type {number | null} */
let timer = null;

function flush() {
  timer = null;
  if (paused) return;
  const round = [...queue];
  queue.clear();
  for (const [render, things] of round) render(things);
}

/**
 * Runs `render` in the next flush, with the Set of all things named until then.
 * @param {Render} render
 * @param {unknown} [thing]
 */
export function scheduleRender(render, thing) {
  const things = queue.get(render) ?? new Set();
  if (thing !== undefined) things.add(thing);
  queue.set(render, things);
  if (timer === null && !paused) timer = setTimeout(flush, 100);
}

/** @param {Render} render */
export function cancelRender(render) {
  queue.delete(render);
}

export const updatesPaused = () => paused;

/**
 * While updates are paused changes keep gathering; they appear at once afterwards.
 * @param {boolean} on
 */
export function pauseUpdates(on) {
  paused = on;
  if (!paused && queue.size) flush();
}
