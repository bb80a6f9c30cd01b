/** Documents and what is asked about them. */

import type { Draft, DraftDocument } from './draft.ts';
import { Field } from './field.tsx';

interface DocumentsProps {
  draft: Draft;
  errors: ReadonlyMap<string, string>;
  set(part: Partial<Draft>): void;
}

export function Documents({ draft, errors, set }: DocumentsProps) {
  const { documents } = draft;
  const change = (at: number, part: Partial<DraftDocument>) =>
    set({ documents: documents.map((document, i) => (i === at ? { ...document, ...part } : document)) });
  const wrong = errors.get('documents') ?? errors.get('input');
  return (
    <div class="documents">
      {documents.map((document, i) => (
        <Document
          key={i}
          document={document}
          number={i + 1}
          error={errors.get(`document.${i}`)}
          onChange={(part) => change(i, part)}
          onRemove={documents.length > 1 ? () => set({ documents: documents.filter((_, at) => at !== i) }) : null}
        />
      ))}
      {wrong !== undefined && (
        <p class="error" role="alert">
          {wrong}
        </p>
      )}
      <button type="button" class="link" onClick={() => set({ documents: [...documents, { title: '', text: '' }] })}>
        Add a document
      </button>
      <Field label="Question about the documents" error={errors.get('question')}>
        {(attributes) => (
          <textarea
            {...attributes}
            class="input"
            dir="auto"
            rows={1}
            value={draft.question}
            onInput={(event) => set({ question: event.currentTarget.value })}
          />
        )}
      </Field>
    </div>
  );
}

interface DocumentProps {
  document: DraftDocument;
  number: number;
  error: string | undefined;
  onChange(part: Partial<DraftDocument>): void;
  /** Null: it is the only one. */
  onRemove: (() => void) | null;
}

/** Characters of a line of the field. */
const LINE = 90;

function Document({ document, number, error, onChange, onRemove }: DocumentProps) {
  const { title, text } = document;
  return (
    <div class="document">
      <input
        type="text"
        dir="auto"
        aria-label={`Title of document ${number}`}
        placeholder={`Title of document ${number}, or none`}
        value={title}
        onInput={(event) => onChange({ title: event.currentTarget.value })}
      />
      <textarea
        dir="auto"
        aria-label={`Text of document ${number}`}
        aria-invalid={error !== undefined}
        rows={Math.min(10, Math.max(2, text.split('\n').length, Math.ceil(text.length / LINE)))}
        value={text}
        onInput={(event) => onChange({ text: event.currentTarget.value })}
      />
      {onRemove !== null && (
        <button type="button" class="link" aria-label={`Remove document ${number}`} onClick={onRemove}>
          Remove
        </button>
      )}
      {error !== undefined && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
