/** The script of the page of a job that is not finished: shows how far it is, and the result once there is one. */

const bar = document.querySelector('progress');
const phase = document.querySelector('[data-phase]');
const events = new EventSource('events');

events.addEventListener('progress', ({ data }) => {
  const progress = JSON.parse(data);
  if (phase !== null) phase.textContent = progress.phase;
  if (bar === null) return;
  if (progress.total > 0) bar.value = progress.fraction;
  else bar.removeAttribute('value');
});
events.addEventListener('done', () => {
  events.close();
  location.reload();
});
