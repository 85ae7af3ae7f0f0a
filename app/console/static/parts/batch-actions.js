// The buttons of a batch page. Each keeps its place; one that cannot be used now is disabled and says why.
import {
  archiveMenuItems,
  cancel,
  disabledReason,
  pauseLabel,
  restart,
  retryFailed,
  togglePause,
} from '../commands.js';
import { h, icon } from '../dom.js';
import { urlOf } from '../root.js';
import { go } from '../router.js';
import { may } from '../shell.js';
import { actionButton, menuButton, setDisabledReason, setLabel } from './overlays.js';
import { renamePanel } from './rename.js';
import { sharePanel } from './share.js';

/** @import { Batch } from '../../api.d.ts' */
/** @import { BatchParts } from '../../types.d.ts' */

const FORMATS = [
  ['CSV', 'csv'],
  ['JSON', 'json'],
  ['Excel (XLSX)', 'xlsx'],
];

/**
 * `changed` is called after the batch was archived or unarchived, `renamed` when it has other names, `gone` after it was
 * deleted.
 * @param {BatchParts} parts
 * @param {Batch} batch
 * @param {{ changed: () => void, renamed: (batch: Batch) => void, gone: () => void }} options
 */
export function batchActions(parts, batch, { changed, renamed, gone }) {
  const path = `/api/batches/${batch.id}`;
  const pauseButton = actionButton('Pause', 'pause', () => togglePause(batch), { class: 'btn hold' });
  const cancelButton = actionButton('Cancel…', 'stop', () => cancel(batch));
  const retryButton = actionButton('Retry failed', 'retry', () => retryFailed(batch));
  const exports = menuButton('Export', 'file', () =>
    FORMATS.map(([label, format]) => ({
      label,
      glyph: 'file',
      href: urlOf(`${path}/export?format=${format}`),
      disabledReason: disabledReason.export(batch),
    })),
  );
  const zip = h('a.btn', { href: urlOf(`${path}/download`), download: true }, icon('download'), 'ZIP');
  const rename = renamePanel(parts.rename, batch, renamed);
  const template = {
    label: 'Save as template…',
    glyph: 'template',
    act: () => go(`#/templates/new?from=${batch.id}`),
  };
  const more = menuButton(
    '',
    'more',
    () => [
      { label: 'Rename…', glyph: 'edit', disabledReason: disabledReason.change(batch), act: rename },
      ...(may('manage') ? [template] : []),
      {
        label: 'Restart as a new batch',
        glyph: 'retry',
        disabledReason: disabledReason.restart(batch),
        act: () => restart(batch),
      },
      ...archiveMenuItems(batch, changed, gone),
    ],
    { class: 'btn square', 'aria-label': 'More' },
  );
  const share = actionButton('Share', 'share', sharePanel(parts.share, batch));
  parts.actions.append(pauseButton, cancelButton, retryButton, h('span.gap'), exports, zip, share, more);
  parts.resume.addEventListener('click', () => {
    // The button goes with the pause; the one it stands for stays.
    pauseButton.focus();
    pauseButton.click();
  });

  return {
    render() {
      const word = pauseLabel(batch);
      setLabel(pauseButton, word === 'Pause' ? 'pause' : 'play', word);
      pauseButton.classList.toggle('primary', word !== 'Pause' && !disabledReason.pause(batch));
      setDisabledReason(pauseButton, disabledReason.pause(batch));
      setDisabledReason(cancelButton, disabledReason.cancel(batch));
      setDisabledReason(retryButton, disabledReason.retry(batch));
      setDisabledReason(share, disabledReason.change(batch));
      parts.resume.hidden = batch.status !== 'paused';
    },
  };
}
