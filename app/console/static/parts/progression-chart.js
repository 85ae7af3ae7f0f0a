// How the times of one event went on: a small line, with the best time filled.
import { date } from '../format.js';

/** @import { EventSwims, ProgressionPoint } from '../../api.d.ts' */

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 240;
const HEIGHT = 64;
const EDGE = 6;

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...Node} children */
function draw(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** @param {ProgressionPoint} point */
const where = ({ date: day, meet }) => [day && date(day), meet].filter(Boolean).join(', ');

/** @param {ProgressionPoint} point */
const pointText = (point) => [point.time, where(point)].filter(Boolean).join(', ');

/** @param {number} value @param {number} from @param {number} to */
const share = (value, from, to) => (to > from ? (value - from) / (to - from) : 0.5);

/**
 * Lower is faster. Points stand by their day where all days are known, else one after the other.
 * @param {EventSwims} event
 */
export function progressionChart({ event_key: key, progression: points, best, is_dated: dated }) {
  const days = points.map(({ date: day }, at) => (dated && day ? Date.parse(day) : at));
  const seconds = points.map((point) => point.seconds);
  const [firstDay, lastDay] = [Math.min(...days), Math.max(...days)];
  const [fastest, slowest] = [Math.min(...seconds), Math.max(...seconds)];
  const places = points.map((point, at) => ({
    point,
    x: EDGE + share(days[at], firstDay, lastDay) * (WIDTH - 2 * EDGE),
    y: HEIGHT - EDGE - share(point.seconds, fastest, slowest) * (HEIGHT - 2 * EDGE),
  }));
  const line = places.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  const title = `${key}: ${points.map(pointText).join('; ')}. Best: ${best.time}.`;
  const dots = places.map(({ point, x, y }) => {
    const isBest = point.seconds === fastest;
    const label = document.createElementNS(SVG, 'title');
    label.textContent = pointText(point);
    return draw(
      'circle',
      { cx: x.toFixed(1), cy: y.toFixed(1), r: isBest ? 4 : 3, class: isBest ? 'best' : '' },
      label,
    );
  });
  return draw(
    'svg',
    {
      class: 'progression',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'xMinYMid',
      role: 'img',
      'aria-label': title,
    },
    draw('polyline', { points: line }),
    ...dots,
  );
}
