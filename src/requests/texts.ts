/** Input texts, conversations and forced outputs: is there something to attribute, and do they fit together? */
import type { AttributeBody, Message, WireMessage } from '../contract/attribute-request.ts';
import type { ModelInfo } from '../contract/catalogue.ts';
import { LIMITS } from '../contract/limits.ts';
import { show } from '../validation/show.ts';
import type { Issues } from './issues.ts';

export interface Texts {
  input_texts: string[];
  messages: Message[][] | null;
  generated_texts: string[] | null;
}

/** The texts as lists; adds an issue for everything that does not fit. */
export function checkTexts(body: AttributeBody, model: ModelInfo, issues: Issues): Texts {
  if (body.input_texts !== undefined && body.messages !== undefined) {
    issues.add('#/messages', 'give either `input_texts` or `messages`, not both.');
  }
  if (body.input_texts === undefined && body.messages === undefined) {
    issues.add(
      '#/input_texts',
      `is required: one text or a list of 1 to ${LIMITS.texts} (chat models also take \`messages\`).`,
    );
  }
  if (body.messages !== undefined && !model.chat) {
    issues.add('#/messages', `"${model.id}" has no chat template: send the text as \`input_texts\`.`);
  }
  const messages = conversations(body.messages, issues);
  const inputs = body.input_texts === undefined ? [] : [body.input_texts].flat();
  const generated = body.generated_texts === null ? null : [body.generated_texts ?? []].flat();
  const count = messages?.length ?? inputs.length;
  if (generated !== null && count > 0 && generated.length !== count) {
    issues.add(
      '#/generated_texts',
      `holds ${texts(generated.length)} for ${texts(count)} of input: give one for each, or null to let the model generate.`,
    );
  }
  if (generated !== null && messages === null && model.architecture === 'decoder-only' && generated.length === count) {
    for (const [index, text] of generated.entries())
      checkPrefix(text, inputs[index], pointerOf(body.generated_texts, 'generated_texts', index), model, issues);
  }
  return { input_texts: inputs, messages, generated_texts: generated };
}

/** `#/input_texts`, or `#/input_texts/2` where the client wrote a list. */
export function pointerOf(wire: unknown, field: string, index: number): string {
  return Array.isArray(wire) ? `#/${field}/${index}` : `#/${field}`;
}

/** `#/messages`, or `#/messages/2` where the client wrote a list of conversations. */
export function conversationPointer(wire: AttributeBody['messages'], index: number): string {
  return wire !== undefined && isListOfLists(wire) ? `#/messages/${index}` : '#/messages';
}

function checkPrefix(text: string, prompt: string, pointer: string, model: ModelInfo, issues: Issues): void {
  if (!text.startsWith(prompt)) {
    issues.add(
      pointer,
      `must start with its input text, because "${model.id}" is decoder-only and continues it: got ${show(text)} for the input ${show(prompt)}. Write the input text in front of the output.`,
    );
  } else if (text.length === prompt.length) {
    issues.add(
      pointer,
      `adds nothing to its input text ${show(prompt)}: append the output, or send null to let the model generate.`,
    );
  }
}

function conversations(wire: AttributeBody['messages'], issues: Issues): Message[][] | null {
  if (wire === undefined) return null;
  return (isListOfLists(wire) ? wire : [wire]).map((conversation, index) =>
    joinedMessages(conversation, conversationPointer(wire, index), issues),
  );
}

/** A conversation, the parts of each message joined. */
export function joinedMessages(wire: readonly WireMessage[], pointer: string, issues: Issues): Message[] {
  return wire.map(({ role, content }, at) => {
    const of = `${pointer}/${at}/content`;
    return { role, content: typeof content === 'string' ? content : joined(content, of, issues) };
  });
}

function joined(parts: readonly { text: string }[], pointer: string, issues: Issues): string {
  const content = parts.map(({ text }) => text).join('');
  if (content.length > LIMITS.textCharacters) {
    const limit = `must be at most ${LIMITS.textCharacters} characters long in all`;
    issues.add(pointer, `${limit}, got ${content.length}: shorten its parts`);
  }
  return content;
}

function isListOfLists(wire: WireMessage[] | WireMessage[][]): wire is WireMessage[][] {
  return Array.isArray(wire[0]);
}

function texts(count: number): string {
  return count === 1 ? '1 text' : `${count} texts`;
}
