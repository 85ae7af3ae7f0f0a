// A new batch: what to process, with which pipeline, and how.
import { get, post } from '../api.js';
import { setConnection } from '../connection.js';
import { find, fromTemplate, h, setAttr, setText } from '../dom.js';
import { fileSize, plural } from '../format.js';
import { batchOptions } from '../parts/batch-options.js';
import { extraPipelines } from '../parts/extra-pipelines.js';
import { readLinks, readRecords } from '../parts/pasted-items.js';
import { schemaForm } from '../parts/schema-form.js';
import { filesOf, uploadList } from '../parts/upload-list.js';
import { go, setQuery } from '../router.js';
import { mount, setBreadcrumbs, setTitle } from '../shell.js';

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
  const extras = extraPipelines(parts.extras);
  let startWhenUploaded = false; // started, and waiting for the last upload
  let draft = false; // what was pressed: Save as draft, or Start
  let sending = false;
  let left = false;

  setBreadcrumbs(['Batches', '#/batches'], ['New batch']);
  setTitle('New batch');
  mount(root);
  parts.options.open = false;

  const accepts = (source) => chosen?.accepts.includes(source) ?? false;

  // ---- pipeline

  function drawChoices() {
    parts.choices.replaceChildren(
      ...pipelines.map(({ key, title, description, steps }) =>
        h(
          'label.choice',
          h('input', { type: 'radio', name: 'pipeline', value: key, checked: key === chosen?.key }),
          h('span', h('b', title), h('small.dim', description ?? '')),
          h('span.dim.num', plural(steps.length, 'step')),
        ),
      ),
    );
  }

  function choose(key) {
    chosen = pipelines.find((one) => one.key === key) ?? pipelines[0];
    form = schemaForm(parts.params, chosen.params_schema);
    options.setPipeline(chosen);
    extras.setPipeline(pipelines, chosen);
    parts.files.hidden = !accepts('file');
    parts.links.hidden = !accepts('url');
    parts.records.hidden = !accepts('record');
    setText(find('#max-help'), `Empty: up to ${chosen.max_parallel}, as the pipeline says.`);
    patch();
  }

  async function loadPipelines() {
    try {
      ({ pipelines } = await get('/api/pipelines'));
    } catch (error) {
      if (left) return;
      setConnection('lost');
      setText(parts.problem, error.message);
      setTimeout(() => !left && loadPipelines(), 3000);
      return;
    }
    if (left) return;
    setConnection('live');
    setText(parts.problem, '');
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
      const {
        name,
        options: { pipeline, pipelines: several, params: values, ...rest },
      } = await get(`/api/templates/${encodeURIComponent(id)}`);
      if (left) return;
      choose(pipeline ?? several?.[0]);
      drawChoices();
      form.fill(values ?? {});
      options.fill(rest);
      setText(parts.origin, `From the template “${name}”`);
      patch();
    } catch (error) {
      setText(parts.problem, error.message);
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
    setAttr(small, 'class', problem ? 'error' : null);
    setAttr(find('textarea', box), 'aria-invalid', problem ? 'true' : null);
    if (problem) setText(small, problem);
    else small.replaceChildren(...usual);
  }

  // ---- the summary

  function patch() {
    if (left || !chosen) return;
    options.patch();
    const { links, records } = sources();
    helpUnder(parts.links, links.problem, [LINKS_HELP]);
    helpUnder(parts.records, records.problem, [...recordsHelp.cloneNode(true).childNodes]);
    const files = uploads.count ? `${uploads.count.toLocaleString('en')} (${fileSize(uploads.bytes)})` : 'none';
    const facts = [
      accepts('file') && ['Files', files],
      accepts('url') && ['Links', links.items.length.toLocaleString('en')],
      accepts('record') && [
        'Records',
        `${records.items.length.toLocaleString('en')}${records.shape && `, from ${records.shape}`}`,
      ],
      [extras.titles().length ? 'Pipelines' : 'Pipeline', [chosen.title, ...extras.titles()].join(', ')],
      ...options.facts(),
    ].filter(Boolean);
    parts.facts.replaceChildren(...facts.flatMap(([name, value]) => [h('dt', name), h('dd', value)]));
    setText(parts.hint.lastElementChild, hint(links, records));
    setText(
      parts.start,
      !draft && startWhenUploaded ? 'Starts when all is here' : !draft && sending ? 'Starting' : 'Start batch',
    );
    setText(
      parts.draft,
      draft && startWhenUploaded ? 'Saved when all is here' : draft && sending ? 'Saving' : 'Save as draft',
    );
    parts.start.disabled = parts.draft.disabled = startWhenUploaded || sending;
    parts.wait.hidden = !startWhenUploaded;
    if (startWhenUploaded && !uploads.open) start(draft);
  }

  function hint(links, records) {
    if (uploads.refused.length) return `${plural(uploads.refused.length, 'file')} could not be uploaded.`;
    if (startWhenUploaded)
      return `${plural(uploads.open, 'file')} still uploading; the batch ${draft ? 'is saved' : 'starts'} when they are here.`;
    const ignored = uploads.count && !accepts('file') ? ` ${chosen.title} takes no files: they are left out.` : '';
    if (uploads.open && !ignored)
      return `${plural(uploads.open, 'file')} still uploading. You can press Start already.`;
    const things = (ignored ? 0 : uploads.count) + links.items.length + records.items.length;
    const jobs = things * (1 + extras.keys().length);
    return (jobs ? `${plural(jobs, 'job')} will be made.` : 'Nothing to process yet.') + ignored;
  }

  // ---- starting

  function showError(message, field) {
    startWhenUploaded = false;
    sending = false;
    patch();
    setText(parts.problem, message);
    field?.focus();
  }

  function start(asDraft) {
    draft = asDraft;
    const { files, links, records } = sources();
    setText(parts.problem, '');
    if (!chosen || sending) return;
    if (links.problem) return showError(links.problem, texts.links);
    if (records.problem) return showError(records.problem, texts.records);
    if (accepts('file') && uploads.refused.length) {
      const n = uploads.refused.length;
      return showError(
        `${plural(n, 'file')} could not be uploaded. Remove ${n === 1 ? 'it' : 'them'} or try again.`,
        uploads.refused[0].row.again,
      );
    }
    const jobs = (accepts('file') ? uploads.count : 0) + links.items.length + records.items.length;
    if (!jobs) return showError('Nothing to process yet.', accepts('file') ? parts.picker : texts.records);
    const values = form.read();
    if (!values) return showError('');
    const wrong = options.problem();
    if (wrong) {
      parts.options.open = true;
      return showError(...wrong);
    }
    startWhenUploaded = accepts('file') && uploads.open > 0;
    if (startWhenUploaded) return patch();
    return submit(values, [...files, ...links.items, ...records.items]);
  }

  /** One pipeline with its parameters, or several, each with its own under its key. */
  function pipelineOptions(values) {
    const others = extras.keys();
    if (!others.length) return { pipeline: chosen.key, params: values };
    return { pipelines: [chosen.key, ...others], params: { [chosen.key]: values } };
  }

  async function submit(values, items) {
    sending = true;
    patch();
    try {
      const made = await post('/api/batches', {
        ...pipelineOptions(values),
        items,
        start: !draft,
        ...options.read(),
      });
      if (!left) go(`#/batches/${made.batch_id}`);
    } catch (error) {
      if (left) return;
      showError('');
      const belongs = (loc) => loc[0] === 'body' && loc[1] === 'params';
      const under = ({ loc, ...one }) => ({ ...one, loc: loc.filter((part) => part !== chosen.key) });
      const rest = form.showErrors(error.errors.filter(({ loc }) => belongs(loc)).map(under));
      const others = [...rest, ...error.errors.filter(({ loc }) => !belongs(loc))];
      const where = ({ loc, msg }) => `${loc.slice(1).join('.')}: ${msg}`;
      if (others.length) setText(parts.problem, others.slice(0, 3).map(where).join(' '));
      else if (!error.errors.length) setText(parts.problem, error.message);
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
    startWhenUploaded = false;
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
