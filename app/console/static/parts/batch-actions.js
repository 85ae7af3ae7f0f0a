// The buttons of a batch page. Each keeps its place; what cannot be done is barred and says why.
import { cancel, hold, holdWord, keepingEntries, restart, retryFailed, whyNot } from '../commands.js';
import { button, h, icon } from '../dom.js';
import { actButton, bar, menuButton, relabel } from './floats.js';
import { go } from '../router.js';
import { sharePanel } from './share.js';

const FORMATS = [['CSV', 'csv'], ['JSON', 'json'], ['Excel (XLSX)', 'xlsx']];

/** `changed` is called after the batch was archived or brought back, `gone` after it was deleted. */
export function batchActions(parts, batch, { changed, gone }) {
  const path = `/api/batches/${batch.id}`;
  const holder = actButton('Pause', 'pause', () => hold(batch), { class: 'btn hold' });
  const stop = actButton('Cancel…', 'stop', () => cancel(batch));
  const retry = actButton('Retry failed', 'retry', () => retryFailed(batch));
  const exports = menuButton('Export', 'file', () => FORMATS.map(([label, format]) =>
    ({ label, glyph: 'file', href: `${path}/export?format=${format}`, why: whyNot.export(batch) })));
  const zip = h('a.btn', { href: `${path}/download`, download: true }, icon('download'), 'ZIP');
  const more = menuButton('', 'more', () => [
    { label: 'Save as template…', glyph: 'template', act: () => go(`#/templates/new?from=${batch.id}`) },
    { label: 'Restart as a new batch', glyph: 'retry', why: whyNot.restart(batch), act: () => restart(batch) },
    ...keepingEntries(batch, changed, gone),
  ], { class: 'btn square', 'aria-label': 'More' });
  const share = button('Share', 'share', sharePanel(parts.share, batch));
  parts.actions.append(holder, stop, retry, h('span.gap'), exports, zip, share, more);
  parts.resume.addEventListener('click', () => {
    // The button goes with the pause; the one it stands for stays.
    holder.focus();
    holder.click();
  });

  return {
    paint() {
      const word = holdWord(batch);
      relabel(holder, word === 'Pause' ? 'pause' : 'play', word);
      holder.classList.toggle('primary', word !== 'Pause' && !whyNot.hold(batch));
      bar(holder, whyNot.hold(batch));
      bar(stop, whyNot.cancel(batch));
      bar(retry, whyNot.retry(batch));
      parts.resume.hidden = batch.status !== 'paused';
    },
  };
}
