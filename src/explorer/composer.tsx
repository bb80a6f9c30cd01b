/** The question: a text, a model, and under "More" everything else that can be asked. */

import { type Signal, useSignal } from '@preact/signals';
import type { ModelInfo } from '../contract/catalogue.ts';
import { isContrastive } from '../contract/contrastive.ts';
import type { Problem } from '../contract/problem.ts';
import { Choice } from '../view/parts/toolbar.tsx';
import { type Catalogue, modelOf } from './catalogue.ts';
import { Conversation } from './conversation.tsx';
import { APPROACH_NAMES, UNIT_NAMES, usesMethod } from './document-question.ts';
import { Documents } from './documents.tsx';
import { type About, type Draft, withModel } from './draft.ts';
import { Field, SelectField } from './field.tsx';
import { errorsByField, type Question, questionOf } from './question.ts';
import { SchemaFields } from './schema-fields.tsx';
import { propertiesOf } from './schemas.ts';

interface ComposerProps {
  draft: Signal<Draft>;
  known: Catalogue;
  problem: Problem | null;
  /** A request is on its way. */
  busy: boolean;
  onSend(question: Question): void;
}

export function Composer({ draft, known, problem, busy, onSend }: ComposerProps) {
  const { value } = draft;
  const model = modelOf(value.model) ?? known.models[0];
  const method = known.methods.find(({ id }) => id === value.method);
  const stepFunction = known.stepFunctions.find(({ id }) => id === value.attributedFn);
  const errors = errorsByField(problem?.errors ?? [], value.about);
  const hidden = [...errors.keys()].some((name) => !/^(|input|model|question|documents|document\.\d+)$/.test(name));
  const maySubmit = ['submit', 'admin'].some((scope) => known.session.scopes.includes(scope));
  const open = useSignal(false);
  const set = (part: Partial<Draft>) => {
    draft.value = { ...draft.value, ...part };
  };
  if (model === undefined) return <NoModels known={known} />;
  const send = () => onSend(questionOf(draft.value, { model, method, stepFunction }));
  return (
    <form
      class="composer"
      noValidate // the service explains better what is wrong
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && maySubmit) send();
      }}
    >
      <Models known={known} draft={draft} model={model} />
      <AboutChoice draft={draft} model={model} />
      {value.about === 'documents' ? (
        <Documents draft={value} errors={errors} set={set} />
      ) : (
        <Input draft={value} model={model} error={errors.get('input')} set={set} />
      )}
      {model.languages !== null && value.about !== 'documents' && (
        <Languages draft={value} model={model} errors={errors} set={set} />
      )}
      {problem !== null && (errors.size === 0 || errors.has('') || errors.has('model')) && (
        <p class="error" role="alert">
          {errors.get('') ?? errors.get('model') ?? problem.detail}
        </p>
      )}
      {!maySubmit && (
        <p class="note" role="note">
          The key “{known.session.key}” may read results, and may not ask for new ones: that takes a key with the scope{' '}
          <code>submit</code>.
        </p>
      )}
      <div class="composer-actions">
        <button type="submit" class="primary" disabled={busy || !maySubmit}>
          Explain
        </button>
        <button
          type="button"
          class="more"
          aria-expanded={open.value || hidden}
          onClick={() => {
            open.value = !open.value;
          }}
        >
          {open.value || hidden ? 'Less' : 'More'}
        </button>
        <span class="muted summary">{summary(value, method?.name)}</span>
      </div>
      {(open.value || hidden) && <More draft={value} model={model} known={known} errors={errors} set={set} />}
    </form>
  );
}

function summary({ about, approach, method, contrast, answer, attributedFn }: Draft, name = method): string {
  const parts = [about === 'documents' ? APPROACH_NAMES[approach] : name];
  if (answer.trim() !== '') parts.push(`answer “${answer.trim()}”`);
  if (about === 'documents') return parts.join(' · ');
  if (contrast.trim() !== '') parts.push(`why not “${contrast.trim()}”`);
  else if (attributedFn !== 'probability') parts.push(attributedFn.replaceAll('_', ' '));
  return parts.join(' · ');
}

function NoModels({ known }: { known: Catalogue }) {
  return (
    <div class="composer">
      <p class="error" role="alert">
        No model can be served{known.unusable.length > 0 ? ':' : '. Is a worker running? GET /health/ready says more.'}
      </p>
      {known.unusable.map(({ id, unusable }) => (
        <p key={id} class="note">
          {unusable.detail}
        </p>
      ))}
    </div>
  );
}

/** Models up to which each is a chip. */
const CHIPS = 6;

function Models({ known, draft, model }: { known: Catalogue; draft: Signal<Draft>; model: ModelInfo }) {
  const select = (id: string) => {
    const next = modelOf(id);
    if (next !== undefined) draft.value = withModel(draft.value, model, next);
  };
  const options = known.models.map(({ id }) => [id, id] as const);
  if (known.models.length === 1) return <p class="label">{model.id}</p>;
  if (known.models.length > CHIPS)
    return <SelectField label="Model" value={model.id} options={options} onChange={select} />;
  return (
    <fieldset class="choice models">
      <legend>Model</legend>
      {options.map(([id]) => (
        <label key={id}>
          <input type="radio" name="model" value={id} checked={id === model.id} onChange={() => select(id)} />
          <span>{id}</span>
        </label>
      ))}
    </fieldset>
  );
}

const ABOUT_NAMES: Record<About, string> = { conversation: 'Conversation', text: 'Text', documents: 'Documents' };

function AboutChoice({ draft, model }: { draft: Signal<Draft>; model: ModelInfo }) {
  const kinds: About[] = model.chat ? ['conversation', 'text', 'documents'] : ['text', 'documents'];
  return (
    <Choice
      name="What is asked about"
      value={draft.value.about}
      options={kinds.map((about) => [about, ABOUT_NAMES[about]])}
      onChoose={(about) => {
        draft.value = { ...draft.value, about };
      }}
    />
  );
}

interface PartProps {
  draft: Draft;
  model: ModelInfo;
  set(part: Partial<Draft>): void;
}

function Input({ draft, model, error, set }: PartProps & { error: string | undefined }) {
  if (draft.about === 'conversation') {
    return (
      <>
        <Conversation messages={draft.messages} onChange={(messages) => set({ messages })} />
        {error && (
          <p class="error" role="alert">
            {error}
          </p>
        )}
      </>
    );
  }
  return (
    <Field label={model.architecture === 'encoder-decoder' ? 'Source' : 'Text for the model to continue'} error={error}>
      {(attributes) => (
        <textarea
          {...attributes}
          class="input"
          dir="auto"
          rows={Math.min(8, Math.max(1, draft.input.split('\n').length, Math.ceil(draft.input.length / 60)))}
          value={draft.input}
          onInput={(event) => set({ input: event.currentTarget.value })}
        />
      )}
    </Field>
  );
}

function Languages({ draft, model, errors, set }: PartProps & { errors: ReadonlyMap<string, string> }) {
  const options = (model.languages ?? []).map((code) => [code, nameOfLanguage(code)] as const);
  return (
    <div class="row">
      <SelectField
        label="From"
        value={draft.sourceLanguage}
        options={options}
        error={errors.get('source-language')}
        onChange={(sourceLanguage) => set({ sourceLanguage })}
      />
      <SelectField
        label="To"
        value={draft.targetLanguage}
        options={options}
        error={errors.get('target-language')}
        onChange={(targetLanguage) => set({ targetLanguage })}
      />
    </div>
  );
}

/** Codes of NLLB and mBART (`fra_Latn`, `fr_XX`) begin with one that browsers know. */
function nameOfLanguage(code: string): string {
  try {
    return `${new Intl.DisplayNames(['en'], { type: 'language' }).of(code.split('_')[0]) ?? code} (${code})`;
  } catch {
    return code;
  }
}

interface MoreProps extends PartProps {
  known: Catalogue;
  errors: ReadonlyMap<string, string>;
}

function More(props: MoreProps) {
  return (
    <div class="more-body">
      <AnswerFields {...props} />
      {props.draft.about === 'documents' ? (
        <SourceFields {...props} />
      ) : (
        <>
          <MethodFields {...props} />
          <ScoreFields {...props} />
        </>
      )}
    </div>
  );
}

function AnswerFields({ draft, model, errors, set }: MoreProps) {
  const isText = draft.about !== 'documents';
  return (
    <section>
      <h2>Answer</h2>
      <TextField
        label="Answer to explain"
        help="Empty: what the model writes."
        value={draft.answer}
        error={errors.get('answer')}
        onInput={(answer) => set({ answer })}
      />
      {isText && (
        <TextField
          label="Why not …?"
          help="Another answer: what made the model prefer its own?"
          value={draft.contrast}
          error={errors.get('contrast')}
          onInput={(contrast) => set({ contrast })}
        />
      )}
      {draft.answer === '' && (
        <NumberField
          label="Most new tokens"
          value={draft.newTokens}
          error={errors.get('tokens')}
          min={1}
          placeholder="as the model says"
          onInput={(newTokens) => set({ newTokens })}
        />
      )}
      {isText && model.architecture === 'encoder-decoder' && (
        <Field label="Attribute the answer's own beginning, too" error={errors.get('attribute-target')}>
          {(attributes) => (
            <input
              {...attributes}
              type="checkbox"
              checked={draft.attributeTarget}
              onChange={(event) => set({ attributeTarget: event.currentTarget.checked })}
            />
          )}
        </Field>
      )}
    </section>
  );
}

/** How sources are looked for, and what a source is. */
function SourceFields(props: MoreProps) {
  const { draft, errors, set } = props;
  const optionsOf = <Value extends string>(names: Record<Value, string>) => Object.entries(names) as [Value, string][];
  return (
    <>
      <section>
        <h2>Sources</h2>
        <SelectField
          label="Found by"
          value={draft.approach}
          options={optionsOf(APPROACH_NAMES)}
          error={errors.get('approach')}
          onChange={(approach) => set({ approach: approach as Draft['approach'] })}
        />
        <SelectField
          label="Parts of the documents"
          value={draft.documentUnit}
          options={optionsOf(UNIT_NAMES)}
          error={errors.get('unit')}
          onChange={(unit) => set({ documentUnit: unit as Draft['documentUnit'] })}
        />
      </section>
      {usesMethod(draft.approach) && <MethodFields {...props} />}
    </>
  );
}

function MethodFields({ draft, model, known, errors, set }: MoreProps) {
  const methods = known.methods.filter(({ id }) => model.methods.includes(id));
  const method = methods.find(({ id }) => id === draft.method);
  return (
    <section>
      <h2>Method</h2>
      <SelectField
        label="Method"
        value={draft.method}
        options={methods.map(({ id, name }) => [id, name])}
        error={errors.get('method')}
        onChange={(id) => set({ method: id, methodArgs: {} })}
      />
      {method && (
        <p class="help">
          {method.description} {method.paper && <a href={method.paper.url}>{method.paper.title}</a>}
        </p>
      )}
      {method && (
        <SchemaFields
          schema={method.args_schema}
          values={draft.methodArgs}
          errors={errors}
          prefix="method"
          onChange={(methodArgs) => set({ methodArgs })}
        />
      )}
    </section>
  );
}

function ScoreFields({ draft, model, known, errors, set }: MoreProps) {
  const functions = known.stepFunctions.filter(({ id }) => model.step_functions.includes(id));
  const method = known.methods.find(({ id }) => id === draft.method);
  const fn = functions.find(({ id }) => id === draft.attributedFn);
  const attributable = functions.filter(
    ({ differentiable }) => differentiable !== false || method?.needs_gradient !== true,
  );
  return (
    <section>
      <h2>Score</h2>
      <SelectField
        label="What is attributed"
        value={draft.attributedFn}
        options={attributable.map(({ id, name }) => [id, name])}
        help={fn?.description}
        error={errors.get('fn')}
        onChange={(id) => set({ attributedFn: id, attributedFnArgs: {} })}
      />
      {fn && Object.keys(propertiesOf(fn.args_schema)).length > 0 && (
        <details open={[...errors.keys()].some((name) => name.startsWith('fn.'))}>
          <summary>Its arguments</summary>
          <div class="arguments">
            <SchemaFields
              schema={fn.args_schema}
              values={draft.attributedFnArgs}
              without={['contrast_targets']}
              errors={errors}
              prefix="fn"
              onChange={(attributedFnArgs) => set({ attributedFnArgs })}
            />
          </div>
        </details>
      )}
      <Checks
        legend="Step scores beside it"
        chosen={draft.stepScores}
        options={functions.filter((one) => !isContrastive(one))}
        error={errors.get('scores')}
        onChange={(stepScores) => set({ stepScores })}
      />
      <Checks
        legend="How far to trust it"
        chosen={draft.metrics}
        options={known.metrics.filter(({ applies_to }) => applies_to.includes(model.architecture))}
        error={errors.get('metrics')}
        onChange={(metrics) => set({ metrics })}
      />
      <NumberField
        label="Alternatives to list for each token"
        value={draft.alternatives}
        error={errors.get('alternatives')}
        min={0}
        max={20}
        onInput={(alternatives) => set({ alternatives: alternatives ?? 0 })}
      />
    </section>
  );
}

interface TextFieldProps {
  label: string;
  help?: string;
  value: string;
  error: string | undefined;
  onInput(value: string): void;
}

function TextField({ value, onInput, ...field }: TextFieldProps) {
  return (
    <Field {...field}>
      {(attributes) => (
        <input
          {...attributes}
          type="text"
          dir="auto"
          value={value}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface NumberFieldProps {
  label: string;
  value: number | null;
  error: string | undefined;
  min: number;
  max?: number;
  placeholder?: string;
  onInput(value: number | null): void;
}

function NumberField({ label, value, error, onInput, ...input }: NumberFieldProps) {
  return (
    <Field label={label} error={error}>
      {(attributes) => (
        <input
          {...attributes}
          {...input}
          type="number"
          value={value ?? ''}
          onInput={(event) => onInput(event.currentTarget.value === '' ? null : Number(event.currentTarget.value))}
        />
      )}
    </Field>
  );
}

interface ChecksProps {
  legend: string;
  chosen: string[];
  options: readonly { id: string; name: string }[];
  error: string | undefined;
  onChange(chosen: string[]): void;
}

function Checks({ legend, chosen, options, error, onChange }: ChecksProps) {
  return (
    <fieldset class="checks">
      <legend class="label">{legend}</legend>
      {options.map(({ id, name }) => (
        <label key={id} class="switch">
          <input
            type="checkbox"
            checked={chosen.includes(id)}
            onChange={(event) =>
              onChange(event.currentTarget.checked ? [...chosen, id] : chosen.filter((one) => one !== id))
            }
          />
          {name}
        </label>
      ))}
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}
