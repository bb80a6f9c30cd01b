/** Chat templates (Jinja, as Hugging Face writes them) and which message each character of the result belongs to. */

import fs from 'node:fs';
import path from 'node:path';
import { TokenizerError, TokenizerLimitError } from './errors.ts';
import { JinjaError } from './jinja/errors.ts';
import { Template } from './jinja/template.ts';
import { asObjects, asString, type JsonObject } from './json.ts';
import { withTimeLimit } from './time-limit.ts';

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** Characters [start, end) of the rendered text. */
export interface RoleSpan {
  readonly start: number;
  readonly end: number;
  /** Role of the message, or null for what the template puts before, between and after messages. */
  readonly role: string | null;
  /** Index of the message, null as above. */
  readonly message: number | null;
}

interface RenderedChat {
  readonly text: string;
  /** In order, without gaps, from the first to the last character. */
  readonly spans: readonly RoleSpan[];
}

export interface ChatTemplate {
  /**
   * @param addGenerationPrompt - ends the text where the assistant's reply begins; default true
   * @throws TokenizerError with the template's own words where it refuses the conversation
   */
  render(messages: readonly ChatMessage[], addGenerationPrompt?: boolean): RenderedChat;
}

/** What transformers passes where nobody asks for tools or documents. */
const NOT_GIVEN = { tools: null, documents: null };

/** The template in chat_template.jinja or tokenizer_config.json, or null. */
export function readChatTemplate(
  dir: string,
  config: JsonObject,
  specials: Readonly<Record<string, string | null>>,
): ChatTemplate | null {
  const file = path.join(dir, 'chat_template.jinja');
  const named = asObjects(config.chat_template);
  const source = fs.existsSync(file)
    ? fs.readFileSync(file, 'utf8')
    : (asString(config.chat_template) ??
      asString((named.find(({ name }) => name === 'default') ?? named[0])?.template));
  if (source === null) return null;
  const variables = Object.fromEntries(
    Object.entries(specials).flatMap(([name, token]) => (token === null ? [] : [[`${name}_token`, token]])),
  );
  let template: Template | null = null;
  const write = (messages: readonly ChatMessage[], addGenerationPrompt: boolean): string => {
    try {
      template ??= new Template(source);
      return template.render({ ...NOT_GIVEN, ...variables, messages, add_generation_prompt: addGenerationPrompt });
    } catch (error) {
      if (!(error instanceof JinjaError)) throw error;
      throw new TokenizerError(
        `the model's chat template refuses the messages: ${error.message}; change the messages, or send the text that ` +
          'the template would write as input_texts',
        { cause: error },
      );
    }
  };
  return {
    render(messages, addGenerationPrompt = true) {
      return withTimeLimit(
        () => 'the chat template',
        () => {
          const text = write(messages, addGenerationPrompt);
          return { text, spans: findSpans(text, messages, (marked) => write(marked, addGenerationPrompt)) };
        },
      );
    },
  };
}

/**
 * The template is rendered once more with a mark in the place of each message: what stands between the marks is the
 * template's own, and what stands in their place is the message, trimmed or not.
 */
function findSpans(
  text: string,
  messages: readonly ChatMessage[],
  write: (messages: readonly ChatMessage[]) => string,
): RoleSpan[] {
  const marks = messages.map((_, index) => `\ue0f0${index}\ue0f1`);
  const marked = writeMarked(
    messages.map(({ role }, index) => ({ role, content: marks[index] })),
    write,
  );
  const contents: { start: number; end: number; message: number }[] = [];
  let cursor = 0;
  let markedCursor = 0;
  for (const [index, { content }] of messages.entries()) {
    const at = marked.indexOf(marks[index], markedCursor);
    if (at < 0) continue; // The template leaves this message out.
    const between = marked.slice(markedCursor, at);
    // Where the template depends on what the messages say, the text itself is searched.
    const start = text.startsWith(between, cursor) ? cursor + between.length : text.indexOf(content.trim(), cursor);
    const mark = at + marks[index].length;
    const next = index + 1 < marks.length ? marked.indexOf(marks[index + 1], mark) : -1;
    const after = marked.slice(mark, next < 0 ? undefined : next);
    const candidates = [content, content.trimEnd(), content.trimStart(), content.trim()].filter((candidate) =>
      text.startsWith(candidate, start),
    );
    const written = candidates.find(({ length }) => text.startsWith(after, start + length)) ?? candidates[0];
    if (start < 0 || written === undefined) continue;
    contents.push({ start, end: start + written.length, message: index });
    cursor = start + written.length;
    markedCursor = mark;
  }
  return fillGaps(text.length, contents, messages);
}

/** A template that looks into the messages may refuse the marks; then no message is found, and no token has a role. */
function writeMarked(marked: readonly ChatMessage[], write: (messages: readonly ChatMessage[]) => string): string {
  try {
    return write(marked);
  } catch (error) {
    if (error instanceof TokenizerLimitError || !(error instanceof TokenizerError)) throw error;
    return '';
  }
}

function fillGaps(
  length: number,
  contents: readonly { start: number; end: number; message: number }[],
  messages: readonly ChatMessage[],
): RoleSpan[] {
  const spans: RoleSpan[] = [];
  const add = (start: number, end: number, message: number | null): void => {
    if (end > start) spans.push({ start, end, role: message === null ? null : messages[message].role, message });
  };
  let at = 0;
  for (const { start, end, message } of contents) {
    add(at, start, null);
    add(start, end, message);
    at = end;
  }
  add(at, length, null);
  return spans;
}
