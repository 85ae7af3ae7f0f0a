// The badge in the top bar: is what the screen shows still arriving?
import { find, h, icon, setText } from './dom.js';
import { duration } from './format.js';
import { pauseUpdates, updatesPaused } from './rendering.js';

/** @typedef {'connecting' | 'live' | 'lost' | 'ended'} Connection */

/** @type {Record<Connection, [tone: string, glyph: string, label: string]>} */
const BADGES = {
  connecting: ['pending', 'live', 'Connecting'],
  live: ['processing', 'live', 'Live'],
  lost: ['failed', 'offline', 'Reconnecting'],
  ended: ['pending', 'completed', 'Complete'],
};

/** @type {Connection} */
let state = 'connecting';
let lastMessageAt = Date.now();

function draw() {
  const [tone, glyph, label] = updatesPaused() ? ['paused', 'paused', 'Updates paused'] : BADGES[state];
  const badge = find('#connection');
  if (badge.dataset.look === label) return;
  badge.dataset.look = label;
  badge.dataset.state = tone;
  badge.replaceChildren(icon(glyph), h('span', label));
}

/** @param {Connection} next */
export function setConnection(next) {
  state = next;
  if (state === 'live') lastMessageAt = Date.now();
  draw();
}

export function noteMessage() {
  lastMessageAt = Date.now();
}

function explain() {
  if (state === 'ended') return 'The batch has ended, so nothing here can change any more.';
  const age = `The last update arrived ${duration(Date.now() - lastMessageAt)} ago.`;
  if (state === 'lost') return `${age} The connection was lost. The page keeps trying, and then catches up.`;
  return `${age} After an interruption the page catches up from the last event it received.`;
}

export function setUpConnection() {
  const menu = find('#connection-menu');
  const message = h('p');
  const toggle = h('button', {
    onclick: () => {
      pauseUpdates(!updatesPaused());
      draw();
      menu.hidePopover();
    },
  });
  menu.append(message, toggle);
  menu.addEventListener('beforetoggle', () => {
    setText(message, explain());
    const label = updatesPaused() ? 'Resume live updates' : 'Pause live updates';
    toggle.replaceChildren(icon(updatesPaused() ? 'play' : 'pause'), label);
  });
  draw();
}
