// Chooses how the result of a job is shown: pipelines may have a view of their own, all others get the JSON view.
import * as json from './json.js';
import * as pdfExtraction from './pdf-extraction.js';

const VIEWS = { 'pdf-extraction': pdfExtraction };

/** One short sentence for the job's row, or null. */
export function summaryOf(pipelineKey, result) {
  return result ? ((VIEWS[pipelineKey] ?? json).summary(result) ?? null) : null;
}

/** A node that shows the whole result of a job, with its files. A result that a view cannot read is shown as JSON. */
export function resultView(pipelineKey, job) {
  try {
    return (VIEWS[pipelineKey] ?? json).view(job.result, job);
  } catch {
    return json.view(job.result);
  }
}
