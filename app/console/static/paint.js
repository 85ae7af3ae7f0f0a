// One flush for everything that moves: changes gather for 100 ms and are then painted together.
const waiting = new Map(); // painter -> the things it has to paint again
let held = false;
let timer = null;

function flush() {
  timer = null;
  if (held) return;
  const round = [...waiting];
  waiting.clear();
  for (const [painter, things] of round) painter(things);
}

/** Asks that `painter` runs in the next flush; it gets the Set of all things named until then. */
export function repaint(painter, thing) {
  const things = waiting.get(painter) ?? new Set();
  if (thing !== undefined) things.add(thing);
  waiting.set(painter, things);
  if (timer === null && !held) timer = setTimeout(flush, 100);
}

export function forget(painter) {
  waiting.delete(painter);
}

export const isHeld = () => held;

/** Holds the screen still: changes keep gathering and appear at once when it is let go. */
export function hold(on) {
  held = on;
  if (!held && waiting.size) flush();
}
