// The badge in the top bar: is what the screen shows still arriving?
import { find, h, icon, text } from './dom.js';
import { hold, isHeld } from './paint.js';
import { span } from './words.js';

const LOOKS = {
  connecting: ['pending', 'live', 'Connecting'],
  live: ['processing', 'live', 'Live'],
  lost: ['failed', 'offline', 'Reconnecting'],
  ended: ['pending', 'completed', 'Complete'],
};

let state = 'connecting';
let lastNews = Date.now();

function draw() {
  const [tone, glyph, label] = isHeld() ? ['paused', 'paused', 'Held'] : LOOKS[state];
  const badge = find('#connection');
  if (badge.dataset.look === label) return;
  badge.dataset.look = label;
  badge.dataset.state = tone;
  badge.replaceChildren(icon(glyph), h('span', label));
}

export function setConnection(next) {
  state = next;
  if (state === 'live') lastNews = Date.now();
  draw();
}

export function noteNews() {
  lastNews = Date.now();
}

function explain() {
  if (state === 'ended') return 'Nothing here can change any more, so nothing is followed.';
  const age = `The last news came ${span(Date.now() - lastNews)} ago.`;
  if (state === 'lost') return `${age} The connection broke. The page tries again and then catches up.`;
  return `${age} After a break the page catches up from the last event it saw.`;
}

export function setUpConnection() {
  const menu = find('#connection-menu');
  const message = h('p');
  const toggle = h('button', {
    onclick: () => {
      hold(!isHeld());
      draw();
      menu.hidePopover();
    },
  });
  menu.append(message, toggle);
  menu.addEventListener('beforetoggle', () => {
    text(message, explain());
    const label = isHeld() ? 'Show live updates' : 'Hold the screen still';
    toggle.replaceChildren(icon(isHeld() ? 'play' : 'pause'), label);
  });
  draw();
}
