/** What goes wrong in a template, in the words of Python's Jinja. */
export class JinjaError extends Error {
  override readonly name = 'JinjaError';
}
