/** The messages of a conversation, each with its role. */

import type { WireMessage } from '../contract/attribute-request.ts';

const ROLES = ['system', 'user', 'assistant'];

interface ConversationProps {
  messages: WireMessage[];
  onChange(messages: WireMessage[]): void;
}

export function Conversation({ messages, onChange }: ConversationProps) {
  const change = (at: number, part: Partial<WireMessage>) =>
    onChange(messages.map((message, i) => (i === at ? { ...message, ...part } : message)));
  const next = messages.at(-1)?.role === 'user' ? 'assistant' : 'user';
  return (
    <div class="conversation">
      {messages.map(({ role, content }, i) => (
        <div class="message" key={i}>
          <select
            aria-label={`Role of message ${i + 1}`}
            value={role}
            onChange={(event) => change(i, { role: event.currentTarget.value })}
          >
            {[...new Set([...ROLES, role])].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
          <textarea
            aria-label={`Message ${i + 1}`}
            rows={2}
            value={typeof content === 'string' ? content : content.map(({ text }) => text).join('')}
            onInput={(event) => change(i, { content: event.currentTarget.value })}
          />
          {messages.length > 1 && (
            <button
              type="button"
              class="link"
              aria-label={`Remove message ${i + 1}`}
              onClick={() => onChange(messages.filter((_, at) => at !== i))}
            >
              Remove
            </button>
          )}
        </div>
      ))}
      <button type="button" class="link" onClick={() => onChange([...messages, { role: next, content: '' }])}>
        Add a message
      </button>
    </div>
  );
}
