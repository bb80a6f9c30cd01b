/**
 * Bodies in the shape of OpenAI's `POST /v1/chat/completions`, as requests of ours: a logged conversation is explained as
 * it is. The answer is the last message, if it is the assistant's, or stands in `choices` as the API returned it; without
 * one the model generates.
 */

import { AttributeBody } from '../contract/attribute-request.ts';
import { LIMITS } from '../contract/limits.ts';
import { show } from '../validation/show.ts';
import { Issues } from './issues.ts';

type Fields = Record<string, unknown>;

/** Fields that say nothing of what the model saw or said. */
const WITHOUT_EFFECT = [
  ...['id', 'object', 'created', 'usage', 'system_fingerprint', 'service_tier'],
  ...['user', 'safety_identifier', 'prompt_cache_key', 'prompt_cache_retention', 'store'],
  ...['stream', 'stream_options', 'parallel_tool_calls', 'logprobs', 'prediction'],
];

/** Fields that change what is generated, and nothing where the answer is given: with the value that never changes it. */
const OF_GENERATION: Fields = {
  n: 1,
  stop: null,
  presence_penalty: 0,
  frequency_penalty: 0,
  logit_bias: {},
  response_format: { type: 'text' },
  reasoning_effort: 'none',
  verbosity: 'medium',
  modalities: ['text'],
  audio: null,
};

/** Fields that we follow when the model generates. */
const FOLLOWED = ['max_tokens', 'max_completion_tokens', 'temperature', 'top_p'];

/** Fields of what the model saw that are not rendered; they may only be empty. */
const OF_PROMPT = ['tools', 'tool_choice', 'functions', 'function_call', 'web_search_options'];

const FIELDS = [...WITHOUT_EFFECT, ...Object.keys(OF_GENERATION), ...FOLLOWED, ...OF_PROMPT, 'choices', 'top_logprobs'];

/** Fields of a message that may be there and say nothing when they are empty. */
const OF_MESSAGE = ['refusal', 'annotations', 'audio', 'tool_calls', 'function_call', 'reasoning_content'];

interface Adapted {
  body: unknown;
  /** Fields that had no effect. */
  ignored: string[];
}

/**
 * The body as one of ours; any other is returned as it is.
 * @throws InvalidRequestError where a field would change what the model saw or said, and cannot be followed
 */
export function fromChatCompletion(body: unknown): Adapted {
  if (!isFields(body) || !Array.isArray(body.messages)) return { body, ignored: [] };
  const issues = new Issues();
  const ignored: string[] = [];
  const { choices, top_logprobs: alternatives, ...rest } = body;
  const ours = Object.fromEntries(
    Object.entries(rest).filter(([name]) => name in AttributeBody.properties || !FIELDS.includes(name)),
  );
  Object.assign(ours, withAnswers(plainMessages(body.messages, ignored), choices, body.generated_texts, issues));
  const isGiven = (ours.generated_texts ?? null) !== null;
  if (alternatives !== undefined && alternatives !== null && !('top_alternatives' in ours)) {
    ours.top_alternatives = alternatives;
  }
  for (const name of Object.keys(rest)) {
    if (WITHOUT_EFFECT.includes(name)) ignored.push(name);
    else if (OF_PROMPT.includes(name)) checkPrompt(name, body[name], ignored, issues);
    else if (name in OF_GENERATION) checkGeneration(name, body[name], isGiven, ignored, issues);
    else if (FOLLOWED.includes(name) && isGiven) ignored.push(name);
  }
  if (!isGiven) {
    const followed = generationArgs(body, ignored, issues);
    if (Object.keys(followed).length > 0) {
      ours.generation_args = { ...followed, ...(isFields(ours.generation_args) ? ours.generation_args : {}) };
    }
  }
  issues.throwIfAny();
  return { body: ours, ignored: ignored.filter((name) => !(name in AttributeBody.properties)) };
}

/** Messages without what is empty, and with the system's newer name as templates know it. */
function plainMessages(messages: readonly unknown[], ignored: string[]): unknown[] {
  return messages.map((message) => {
    if (Array.isArray(message)) return plainMessages(message, ignored);
    if (!isFields(message)) return message;
    const kept = Object.entries(message).filter(([name, value]) => {
      const isEmpty = OF_MESSAGE.includes(name) && (value === null || (Array.isArray(value) && value.length === 0));
      if (isEmpty && !ignored.includes(`messages.${name}`)) ignored.push(`messages.${name}`);
      return !isEmpty;
    });
    const plain = Object.fromEntries(kept);
    return plain.role === 'developer' ? { ...plain, role: 'system' } : plain;
  });
}

/** Conversations and their answers, where they are given. */
function withAnswers(messages: unknown[], choices: unknown, given: unknown, issues: Issues): Fields {
  if (choices !== undefined) return fromChoices(messages, choices, given, issues);
  if (given !== undefined && given !== null) return { messages };
  const isList = Array.isArray(messages[0]);
  const conversations = isList ? (messages as unknown[][]) : [messages];
  const answers = conversations.map((conversation) => (Array.isArray(conversation) ? conversation.at(-1) : undefined));
  if (!answers.every((answer) => isFields(answer) && answer.role === 'assistant')) return { messages };
  const texts = answers.map((answer, i) => {
    const last = conversations[i].length - 1;
    return textOf(answer, isList ? `#/messages/${i}/${last}` : `#/messages/${last}`, issues);
  });
  const before = conversations.map((conversation) => conversation.slice(0, -1));
  return isList ? { messages: before, generated_texts: texts } : { messages: before[0], generated_texts: texts[0] };
}

/** Each choice of a response is an answer to the same conversation. */
function fromChoices(messages: unknown[], choices: unknown, given: unknown, issues: Issues): Fields {
  if (given !== undefined && given !== null) {
    issues.add('#/choices', 'give the answer by `choices` or by `generated_texts`, not by both.');
  }
  if (!Array.isArray(choices) || choices.length === 0 || choices.length > LIMITS.texts) {
    const how = `must be a list of 1 to ${LIMITS.texts}, as \`/v1/chat/completions\` returns it`;
    issues.add('#/choices', `${how}, got ${show(choices)}.`);
    return { messages };
  }
  const texts = choices.map((choice, i) =>
    textOf(isFields(choice) ? choice.message : undefined, `#/choices/${i}/message`, issues),
  );
  return { messages: choices.map(() => messages), generated_texts: texts };
}

/** What an assistant's message says. */
function textOf(message: unknown, pointer: string, issues: Issues): string {
  const { content, tool_calls: calls } = isFields(message) ? message : {};
  if (typeof content === 'string' && content !== '') return content;
  if (Array.isArray(content) && content.every((part) => isFields(part) && typeof part.text === 'string')) {
    return content.map(({ text }) => text).join('');
  }
  const why = calls === undefined ? '' : ' (calls of tools cannot be attributed)';
  issues.add(`${pointer}/content`, `must be a text that is not empty, got ${show(content)}${why}.`);
  return '';
}

function checkPrompt(name: string, value: unknown, ignored: string[], issues: Issues): void {
  const isEmpty =
    value === null || value === 'none' || value === 'auto' || (Array.isArray(value) && value.length === 0);
  if (isEmpty) ignored.push(name);
  else {
    const detail =
      'is a part of what the model saw, and is not rendered here: write it into a message, or leave it out.';
    issues.add(`#/${name}`, detail);
  }
}

function checkGeneration(name: string, value: unknown, isGiven: boolean, ignored: string[], issues: Issues): void {
  if (isGiven || value === null || JSON.stringify(value) === JSON.stringify(OF_GENERATION[name])) {
    ignored.push(name);
    return;
  }
  const remedy = 'leave it out, or give the answer (as the last message or in `choices`)';
  issues.add(`#/${name}`, `changes what is generated, and cannot be followed: got ${show(value)}; ${remedy}.`);
}

/** How the model generates. Without a temperature it takes the likeliest token, unlike OpenAI's API. */
function generationArgs(body: Fields, ignored: string[], issues: Issues): Fields {
  const { max_tokens, max_completion_tokens, temperature, top_p } = body;
  const most = max_completion_tokens ?? max_tokens ?? null;
  const number = (name: string, value: unknown, from: number, to: number): number | null => {
    if (value === undefined || value === null) return null;
    if (typeof value === 'number' && value >= from && value <= to) return value;
    issues.add(`#/${name}`, `must be a number from ${from} to ${to}, got ${show(value)}`);
    return null;
  };
  const warmth = number('temperature', temperature, 0, 2);
  const nucleus = number('top_p', top_p, 0, 1);
  const limit = number(
    max_completion_tokens === undefined ? 'max_tokens' : 'max_completion_tokens',
    most,
    1,
    LIMITS.newTokens,
  );
  const samples = (warmth ?? 0) > 0 && nucleus !== 0;
  if (nucleus !== null && !samples) ignored.push('top_p');
  return {
    ...(limit !== null && { max_new_tokens: limit }),
    ...(samples && { do_sample: true, temperature: warmth, top_k: 0, ...(nucleus !== null && { top_p: nucleus }) }),
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
