// One flush for everything that moves: changes gather for 100 ms and are then drawn together.
const queue = new Map(); // render function -> the things it has to draw again
let paused = false;
let timer = null;

function flush() {
  timer = null;
  if (paused) return;
  const round = [...queue];
  queue.clear();
  for (const [render, things] of round) render(things);
}

/** Runs `render` in the next flush; it gets the Set of all things named until then. */
export function scheduleRender(render, thing) {
  const things = queue.get(render) ?? new Set();
  if (thing !== undefined) things.add(thing);
  queue.set(render, things);
  if (timer === null && !paused) timer = setTimeout(flush, 100);
}

export function cancelRender(render) {
  queue.delete(render);
}

export const updatesPaused = () => paused;

/** While updates are paused changes keep gathering; they appear at once afterwards. */
export function pauseUpdates(on) {
  paused = on;
  if (!paused && queue.size) flush();
}
