// The badge in the top bar: is what the screen shows still arriving?
import { find, h, icon, setText } from './dom.js';
import { duration } from './format.js';
import { pauseUpdates, updatesPaused } from './rendering.js';

const BADGES = {
  connecting: ['pending', 'live', 'Connecting'],
  live: ['processing', 'live', 'Live'],
  lost: ['failed', 'offline', 'Reconnecting'],
  ended: ['pending', 'completed', 'Complete'],
};

let state = 'connecting';
let lastMessageAt = Date.now();

function draw() {
  const [tone, glyph, label] = updatesPaused() ? ['paused', 'paused', 'Held'] : BADGES[state];
  const badge = find('#connection');
  if (badge.dataset.look === label) return;
  badge.dataset.look = label;
  badge.dataset.state = tone;
  badge.replaceChildren(icon(glyph), h('span', label));
}

export function setConnection(next) {
  state = next;
  if (state === 'live') lastMessageAt = Date.now();
  draw();
}

export function noteMessage() {
  lastMessageAt = Date.now();
}

function explain() {
  if (state === 'ended') return 'Nothing here can change any more, so nothing is followed.';
  const age = `The last news came ${duration(Date.now() - lastMessageAt)} ago.`;
  if (state === 'lost') return `${age} The connection broke. The page tries again and then catches up.`;
  return `${age} After a break the page catches up from the last event it saw.`;
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
    const label = updatesPaused() ? 'Show live updates' : 'Hold the screen still';
    toggle.replaceChildren(icon(updatesPaused() ? 'play' : 'pause'), label);
  });
  draw();
}
