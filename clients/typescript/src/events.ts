/** Server-sent events out of a stream of bytes, as the service writes them. */

export interface ServerSentEvent {
  id: string;
  event: string;
  data: string;
}

export async function* serverSentEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of body) {
    text += decoder.decode(bytes, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? ''; // the rest comes with the next bytes
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map(field));
      if (fields.data !== undefined) yield { id: '', event: 'message', data: '', ...fields };
    }
  }
}

/** Comments have an empty name. */
function field(line: string): [name: string, value: string] {
  const at = line.indexOf(':');
  return [line.slice(0, at), line.slice(at + 1).replace(/^ /, '')];
}
