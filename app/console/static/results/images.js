// Images that a job made: the thumbnails, each a link to the full image.
import { h } from '../dom.js';
import { fileSize, plural } from '../format.js';
import { urlOf } from '../root.js';

/** @import { JobDetail, Output } from '../../api.d.ts' */

/**
 * @typedef {object} ImageResult
 * @property {number} [width]
 * @property {number} [height]
 * @property {number} [size]
 * @property {string} [sheet]
 * @property {number} [views]
 * @property {string} [asset]
 * @property {string} [view]
 */

/** @param {Output} file */
const isImage = ({ media_type: type }) => type?.startsWith('image/');
/** @param {Output} file */
const isSmall = ({ name }) => /_thumbnail\.\w+$/.test(name);

/** @param {ImageResult} result */
export function summary(result) {
  if (result.width) return `${result.width} × ${result.height}, ${fileSize(result.size)}`;
  if (result.sheet) return `contact sheet of ${plural(result.views ?? 0, 'view')}`;
  if (result.asset) return [result.asset, result.view].filter(Boolean).join(', ');
  return null;
}

/** @param {Output} file @param {Output} large */
function picture(file, large) {
  const shown = h('img', { src: file.url, alt: file.name, loading: 'lazy' });
  return h(
    'figure',
    h('a', { href: large.url, target: '_blank', rel: 'noopener' }, shown),
    h('figcaption.dim', `${large.name}, ${fileSize(large.size)}`),
  );
}

/**
 * The images, then the plain members.
 * @param {ImageResult} result
 * @param {JobDetail} job
 */
export function view(result, job) {
  const images = job.outputs.filter((file) => isImage(file) && file.url.startsWith(urlOf('/api/')));
  const small = images.filter(isSmall);
  const large = images.filter((file) => !isSmall(file));
  const pictures = large.map((file, at) => picture(small[at] ?? file, file));
  const facts = Object.entries(result).filter(([, value]) => ['string', 'number'].includes(typeof value));
  /** @param {string} name @param {unknown} value */
  const formatFact = (name, value) => (name.endsWith('size') ? fileSize(Number(value)) : String(value));
  return h(
    'div.stack',
    pictures.length ? h('div.pictures', pictures) : null,
    h(
      'table.table.natural.small',
      h('caption.sr', 'Result'),
      h(
        'tbody',
        facts.map(([name, value]) =>
          h('tr', h('th', { scope: 'row' }, name.replaceAll('_', ' ')), h('td', formatFact(name, value))),
        ),
      ),
    ),
  );
}
