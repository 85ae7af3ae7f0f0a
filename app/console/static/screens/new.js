// A new batch: what to process, with which pipeline, and how.
import { get, post } from '../api.js';
import { setConnection } from '../connection.js';
import { attr, find, fromTemplate, h, text } from '../dom.js';
import { alsoRun } from '../parts/also.js';
import { batchOptions } from '../parts/batch-options.js';
import { schemaForm } from '../parts/schema-form.js';
import { readLinks, readRecords } from '../parts/sources.js';
import { filesOf, uploadList } from '../parts/upload-list.js';
import { go, setQuery } from '../router.js';
import { crumbs, place, setTitle } from '../shell.js';
import { many, size } from '../words.js';

const LINKS_HELP = 'Each link is fetched and becomes one job.';

export function newScreen(params) {
  const { root, parts } = fromTemplate('new');
  const uploads = uploadList(parts, patch);
  const texts = { links: find('textarea', parts.links), records: find('textarea', parts.records) };
  const recordsHelp = find('small', parts.records).cloneNode(true);
  let pipelines = [];
  let chosen = null;
  let form = null;
  const options = batchOptions(parts);
  const also = alsoRun(parts.also);
  let armed = false; // started, and waiting for the last upload
  let draft = false; // what was pressed: Save as draft, or Start
  let sending = false;
  let left = false;

  crumbs(['Batches', '#/batches'], ['New batch']);
  setTitle('New batch');
  place(root);
  parts.options.open = false;

  const accepts = (source) => chosen?.accepts.includes(source) ?? false;

  // ---- pipeline

  function drawChoices() {
    parts.choices.replaceChildren(...pipelines.map(({ key, title, description, steps }) =>
      h('label.choice', h('input', { type: 'radio', name: 'pipeline', value: key, checked: key === chosen?.key }),
        h('span', h('b', title), h('small.dim', description ?? '')),
        h('span.dim.num', many(steps.length, 'step')))));
  }

  function choose(key) {
    chosen = pipelines.find((one) => one.key === key) ?? pipelines[0];
    form = schemaForm(parts.params, chosen.params_schema);
    options.use(chosen);
    also.use(pipelines, chosen);
    parts.files.hidden = !accepts('file');
    parts.links.hidden = !accepts('url');
    parts.records.hidden = !accepts('record');
    text(find('#max-help'), `Empty: up to ${chosen.max_parallel}, as the pipeline says.`);
    patch();
  }

  async function loadPipelines() {
    try {
      ({ pipelines } = await get('/api/pipelines'));
    } catch (error) {
      if (left) return;
      setConnection('lost');
      text(parts.problem, error.message);
      setTimeout(() => !left && loadPipelines(), 3000);
      return;
    }
    if (left) return;
    setConnection('live');
    text(parts.problem, '');
    if (!pipelines.length) {
      parts.choices.replaceChildren(h('p.dim', 'This service has no pipelines.'));
      return;
    }
    choose(params.get('pipeline'));
    drawChoices();
    if (params.get('template')) useTemplate(params.get('template'));
  }

  /** Starts from a template: its pipeline, parameters and options; what goes in is still to be said. */
  async function useTemplate(id) {
    try {
      const { name, options: { pipeline, pipelines: several, params: values, ...rest } } = await get(`/api/templates/${encodeURIComponent(id)}`);
      if (left) return;
      choose(pipeline ?? several?.[0]);
      drawChoices();
      form.fill(values ?? {});
      options.fill(rest);
      text(parts.origin, `From the template “${name}”`);
      patch();
    } catch (error) {
      text(parts.problem, error.message);
    }
  }

  // ---- what goes in

  function sources() {
    const none = { items: [], problem: '', shape: '' };
    const links = accepts('url') ? readLinks(texts.links.value) : none;
    const records = accepts('record') ? readRecords(texts.records.value) : none;
    return { files: accepts('file') ? uploads.items() : [], links, records };
  }

  function helpUnder(box, problem, usual) {
    const small = find('small', box);
    attr(small, 'class', problem ? 'error' : null);
    attr(find('textarea', box), 'aria-invalid', problem ? 'true' : null);
    if (problem) text(small, problem);
    else small.replaceChildren(...usual);
  }

  // ---- the summary

  function patch() {
    if (left || !chosen) return;
    options.patch();
    const { links, records } = sources();
    helpUnder(parts.links, links.problem, [LINKS_HELP]);
    helpUnder(parts.records, records.problem, [...recordsHelp.cloneNode(true).childNodes]);
    const files = uploads.count ? `${uploads.count.toLocaleString('en')} (${size(uploads.bytes)})` : 'none';
    const facts = [
      accepts('file') && ['Files', files],
      accepts('url') && ['Links', links.items.length.toLocaleString('en')],
      accepts('record') && ['Records', `${records.items.length.toLocaleString('en')}${records.shape && `, from ${records.shape}`}`],
      [also.titles().length ? 'Pipelines' : 'Pipeline', [chosen.title, ...also.titles()].join(', ')],
      ...options.facts(),
    ].filter(Boolean);
    parts.facts.replaceChildren(...facts.flatMap(([name, value]) => [h('dt', name), h('dd', value)]));
    text(parts.hint.lastElementChild, hint(links, records));
    text(parts.start, !draft && armed ? 'Starts when all is here' : !draft && sending ? 'Starting' : 'Start batch');
    text(parts.draft, draft && armed ? 'Saved when all is here' : draft && sending ? 'Saving' : 'Save as draft');
    parts.start.disabled = parts.draft.disabled = armed || sending;
    parts.wait.hidden = !armed;
    if (armed && !uploads.open) start(draft);
  }

  function hint(links, records) {
    if (uploads.refused.length) return `${many(uploads.refused.length, 'file')} could not be uploaded.`;
    if (armed) return `${many(uploads.open, 'file')} still uploading; the batch ${draft ? 'is saved' : 'starts'} when they are here.`;
    const ignored = uploads.count && !accepts('file') ? ` ${chosen.title} takes no files: they are left out.` : '';
    if (uploads.open && !ignored) return `${many(uploads.open, 'file')} still uploading. You can press Start already.`;
    const things = (ignored ? 0 : uploads.count) + links.items.length + records.items.length;
    const jobs = things * (1 + also.keys().length);
    return (jobs ? `${many(jobs, 'job')} will be made.` : 'Nothing to process yet.') + ignored;
  }

  // ---- starting

  function complain(message, field) {
    armed = false;
    sending = false;
    patch();
    text(parts.problem, message);
    field?.focus();
  }

  function start(asDraft) {
    draft = asDraft;
    const { files, links, records } = sources();
    text(parts.problem, '');
    if (!chosen || sending) return;
    if (links.problem) return complain(links.problem, texts.links);
    if (records.problem) return complain(records.problem, texts.records);
    if (accepts('file') && uploads.refused.length) {
      const n = uploads.refused.length;
      return complain(`${many(n, 'file')} could not be uploaded. Remove ${n === 1 ? 'it' : 'them'} or try again.`,
        uploads.refused[0].row.again);
    }
    const jobs = (accepts('file') ? uploads.count : 0) + links.items.length + records.items.length;
    if (!jobs) return complain('Nothing to process yet.', accepts('file') ? parts.picker : texts.records);
    const values = form.read();
    if (!values) return complain('');
    const wrong = options.problem();
    if (wrong) {
      parts.options.open = true;
      return complain(...wrong);
    }
    armed = accepts('file') && uploads.open > 0;
    if (armed) return patch();
    return submit(values, [...files, ...links.items, ...records.items]);
  }

  /** One pipeline with its parameters, or several, each with its own under its key. */
  function which(values) {
    const others = also.keys();
    if (!others.length) return { pipeline: chosen.key, params: values };
    return { pipelines: [chosen.key, ...others], params: { [chosen.key]: values } };
  }

  async function submit(values, items) {
    sending = true;
    patch();
    try {
      const made = await post('/api/batches', {
        ...which(values),
        items,
        start: !draft,
        ...options.read(),
      });
      if (!left) go(`#/batches/${made.batch_id}`);
    } catch (error) {
      if (left) return;
      complain('');
      const belongs = (loc) => loc[0] === 'body' && loc[1] === 'params';
      const under = ({ loc, ...one }) => ({ ...one, loc: loc.filter((part) => part !== chosen.key) });
      const rest = form.showErrors(error.errors.filter(({ loc }) => belongs(loc)).map(under));
      const others = [...rest, ...error.errors.filter(({ loc }) => !belongs(loc))];
      const where = ({ loc, msg }) => `${loc.slice(1).join('.')}: ${msg}`;
      if (others.length) text(parts.problem, others.slice(0, 3).map(where).join(' '));
      else if (!error.errors.length) text(parts.problem, error.message);
    }
  }

  // ---- wiring

  parts.choices.addEventListener('change', (event) => {
    choose(event.target.value);
    setQuery({ pipeline: event.target.value });
  });
  parts.picker.addEventListener('change', () => {
    uploads.add([...parts.picker.files]);
    parts.picker.value = ''; // so that the same file can be chosen again after it was removed
  });
  root.addEventListener('input', patch);
  root.addEventListener('submit', () => start(false));
  parts.draft.addEventListener('click', () => start(true));
  parts.wait.addEventListener('click', () => {
    armed = false;
    patch();
  });
  const over = (on) => parts.drop.classList.toggle('over', on);
  root.addEventListener('dragover', (event) => {
    if (!event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    over(true);
  });
  root.addEventListener('dragleave', (event) => !root.contains(event.relatedTarget) && over(false));
  root.addEventListener('drop', async (event) => {
    event.preventDefault();
    over(false);
    if (accepts('file')) uploads.add(await filesOf(event.dataTransfer));
  });

  loadPipelines();
  return {
    update: () => {},
    leave() {
      left = true;
      uploads.leave();
    },
  };
}
