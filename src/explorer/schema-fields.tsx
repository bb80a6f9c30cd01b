/** Fields for the arguments of a method or step function, by its JSON Schema. */

import { Field } from './field.tsx';
import { propertiesOf } from './schemas.ts';

interface SchemaFieldsProps {
  schema: Record<string, unknown>;
  values: Record<string, unknown>;
  /** Arguments that have a field elsewhere. */
  without?: readonly string[];
  errors: ReadonlyMap<string, string>;
  /** What names of errors begin with. */
  prefix: string;
  onChange(values: Record<string, unknown>): void;
}

export function SchemaFields({ schema, values, without = [], errors, prefix, onChange }: SchemaFieldsProps) {
  const names = Object.keys(propertiesOf(schema)).filter((name) => !without.includes(name));
  return (
    <>
      {names.map((name) => (
        <SchemaField
          key={name}
          name={name}
          schema={propertiesOf(schema)[name]}
          value={values[name]}
          error={errors.get(`${prefix}.${name}`)}
          onChange={(value) => onChange({ ...values, [name]: value })}
        />
      ))}
    </>
  );
}

interface SchemaFieldProps {
  name: string;
  schema: Record<string, unknown>;
  value: unknown;
  error: string | undefined;
  onChange(value: unknown): void;
}

function SchemaField({ name, schema, value, error, onChange }: SchemaFieldProps) {
  const label = name.replaceAll('_', ' ');
  const help = typeof schema.description === 'string' ? schema.description.replaceAll('`', '') : undefined;
  const current = value ?? schema.default;
  const choices = choicesOf(schema);
  return (
    <Field label={label} help={help} error={error}>
      {(attributes) => {
        if (schema.type === 'boolean') {
          return (
            <input
              {...attributes}
              type="checkbox"
              checked={current === true}
              onChange={(event) => onChange(event.currentTarget.checked)}
            />
          );
        }
        if (choices !== null) {
          return (
            <select
              {...attributes}
              value={String(current)}
              onChange={(event) => onChange(choices.find((choice) => String(choice) === event.currentTarget.value))}
            >
              {choices.map((choice) => (
                <option key={String(choice)} value={String(choice)}>
                  {choice === null ? 'none' : String(choice).replaceAll('_', ' ')}
                </option>
              ))}
            </select>
          );
        }
        if (schema.type === 'integer' || schema.type === 'number') {
          return (
            <input
              {...attributes}
              type="number"
              step={schema.type === 'integer' ? 1 : 'any'}
              min={schema.minimum as number | undefined}
              max={schema.maximum as number | undefined}
              value={current === undefined ? '' : String(current)}
              onInput={(event) =>
                onChange(event.currentTarget.value === '' ? undefined : Number(event.currentTarget.value))
              }
            />
          );
        }
        return (
          <input
            {...attributes}
            type="text"
            spellcheck={false}
            value={typed(current)}
            onInput={(event) => onChange(meant(event.currentTarget.value))}
          />
        );
      }}
    </Field>
  );
}

/** The values of an enumeration, however it is written; null where it is none. */
function choicesOf(schema: Record<string, unknown>): unknown[] | null {
  if (Array.isArray(schema.enum)) return schema.enum;
  const parts = Array.isArray(schema.anyOf) ? (schema.anyOf as Record<string, unknown>[]) : [];
  if (parts.length === 0) return null;
  const values = parts.map((part) =>
    'const' in part ? [part.const] : Array.isArray(part.enum) ? part.enum : part.type === 'null' ? [null] : null,
  );
  return values.every((one) => one !== null) ? values.flat() : null;
}

/** Lists and objects are typed as JSON, texts as they are. */
function typed(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function meant(text: string): unknown {
  if (text.trim() === '') return undefined;
  if (!/^\s*[[{\d-]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text; // not finished yet, or meant as it stands: the service says what it takes
  }
}
