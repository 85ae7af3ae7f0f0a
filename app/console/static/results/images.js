// Images that a job made: the small ones to look at, each a link to the large one.
import { h } from '../dom.js';
import { fileSize, plural } from '../format.js';

const isImage = ({ media_type: type }) => type?.startsWith('image/');
const isSmall = ({ name }) => /_thumbnail\.\w+$/.test(name);

export function summary(result) {
  if (result.width) return `${result.width} × ${result.height}, ${fileSize(result.size)}`;
  if (result.sheet) return `contact sheet of ${plural(result.views, 'view')}`;
  if (result.asset) return [result.asset, result.view].filter(Boolean).join(', ');
  return null;
}

function picture(file, large) {
  const shown = h('img', { src: file.url, alt: file.name, loading: 'lazy' });
  return h(
    'figure',
    h('a', { href: large.url, target: '_blank', rel: 'noopener' }, shown),
    h('figcaption.dim', `${large.name}, ${fileSize(large.size)}`),
  );
}

/** Pictures, then the facts that are plain. */
export function view(result, job) {
  const images = (job?.outputs ?? []).filter((file) => isImage(file) && file.url.startsWith('/api/'));
  const small = images.filter(isSmall);
  const large = images.filter((file) => !isSmall(file));
  const pictures = large.map((file, at) => picture(small[at] ?? file, file));
  const facts = Object.entries(result).filter(([, value]) => ['string', 'number'].includes(typeof value));
  const formatFact = (name, value) => (name.endsWith('size') ? fileSize(value) : String(value));
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
