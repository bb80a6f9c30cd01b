/** Methods, step functions and aggregators: do they exist, do they apply, are their arguments right? */
import type { AttributeBody, CompleteCall } from '../contract/attribute-request.ts';
import type {
  AggregatorInfo,
  Catalogue,
  MethodInfo,
  MetricInfo,
  ModelInfo,
  StepFunctionInfo,
} from '../contract/catalogue.ts';
import { isContrastive } from '../contract/contrastive.ts';
import { checkArguments } from '../validation/arguments.ts';
import { suggestion } from '../validation/nearest.ts';
import { showName } from '../validation/show.ts';
import { meantBy } from './aliases.ts';
import { argumentHints } from './hints.ts';
import type { Issues } from './issues.ts';

type WireCall = AttributeBody['attributed_fn'];

/** What can be called by name with arguments. */
type Callable = MethodInfo | StepFunctionInfo | AggregatorInfo | MetricInfo;

interface CallOptions {
  /** Whether contrastive functions need no texts of their own: the request says what they compare with. */
  contrastGiven?: boolean;
}

interface Kind<T extends Callable> {
  /** For messages. */
  noun: 'method' | 'step function' | 'aggregator' | 'metric';
  /** Where they are listed. */
  route: string;
  known: readonly T[];
}

/** The method and its complete arguments; null after adding an issue. */
export function checkMethod(
  body: Pick<AttributeBody, 'method' | 'method_args'>,
  model: ModelInfo,
  catalogue: Catalogue,
  issues: Issues,
) {
  const kind: Kind<MethodInfo> = { noun: 'method', route: '/methods', known: catalogue.methods };
  const method = find(body.method, '#/method', kind, issues);
  if (method === null) return null;
  if (!applies(method, '#/method', kind, model, model.methods, issues)) return null;
  return { info: method, args: complete(method, body.method_args, '#/method_args', catalogue, issues) };
}

/** A method that a list names, complete; null after adding an issue. */
export function checkMethodCall(
  wire: WireCall,
  pointer: string,
  model: ModelInfo,
  catalogue: Catalogue,
  issues: Issues,
): CompleteCall | null {
  const kind: Kind<MethodInfo> = { noun: 'method', route: '/methods', known: catalogue.methods };
  const { name, args, at } = parts(wire, pointer);
  const info = find(name, at.name, kind, issues);
  if (info === null || !applies(info, at.name, kind, model, model.methods, issues)) return null;
  return { name, args: complete(info, args, at.args, catalogue, issues) };
}

/** The attributed function, complete; null after adding an issue. */
export function checkAttributedFunction(
  body: Pick<AttributeBody, 'attributed_fn'>,
  method: MethodInfo | null,
  model: ModelInfo,
  catalogue: Catalogue,
  issues: Issues,
  options: CallOptions = {},
): CompleteCall | null {
  const call = checkStepFunction(body.attributed_fn, '#/attributed_fn', model, catalogue, issues, options);
  const info = call === null ? undefined : catalogue.step_functions.find(({ id }) => id === call.name);
  if (method?.needs_gradient === true && info?.differentiable === false) {
    const usable = catalogue.step_functions
      .filter(({ differentiable }) => differentiable !== false)
      .map(({ id }) => id);
    issues.add(
      '#/attributed_fn',
      `"${info.id}" has no gradient, which the method "${method.id}" needs: use a method without gradients, or one of ${usable.join(', ')}.`,
    );
  }
  return call;
}

/** A step function, complete; null after adding an issue. */
export function checkStepFunction(
  wire: WireCall,
  pointer: string,
  model: ModelInfo,
  catalogue: Catalogue,
  issues: Issues,
  { contrastGiven = false }: CallOptions = {},
): CompleteCall | null {
  const kind: Kind<StepFunctionInfo> = {
    noun: 'step function',
    route: '/step-functions',
    known: catalogue.step_functions,
  };
  const { name, args, at } = parts(wire, pointer);
  const info = find(name, at.name, kind, issues);
  if (info === null || !applies(info, at.name, kind, model, model.step_functions, issues)) return null;
  const full = complete(info, args, at.args, catalogue, issues);
  if (!contrastGiven && isContrastive(info) && full.contrast_targets == null && full.contrast_sources == null) {
    issues.add(
      `${at.args}/contrast_targets`,
      `"${info.id}" compares with other texts and got none: give {"name": "${info.id}", "args": {"contrast_targets": …}}, one text for each input.`,
    );
  }
  return { name, args: full };
}

/** The chain of aggregators: the request's, or null where the kind of the scores decides. */
export function checkAggregators(
  body: Pick<AttributeBody, 'aggregators'>,
  model: ModelInfo,
  catalogue: Catalogue,
  issues: Issues,
) {
  if (body.aggregators === undefined) return null;
  const kind: Kind<AggregatorInfo> = { noun: 'aggregator', route: '/aggregators', known: catalogue.aggregators };
  return body.aggregators.flatMap((wire, index) => {
    const { name, args, at } = parts(wire, `#/aggregators/${index}`);
    const info = find(name, at.name, kind, issues);
    if (info === null || !applies(info, at.name, kind, model, [info.id], issues)) return [];
    return [{ name, args: complete(info, args, at.args, catalogue, issues) }];
  });
}

/** A faithfulness metric, complete; null after adding an issue. */
export function checkMetric(
  wire: WireCall,
  pointer: string,
  catalogue: Catalogue,
  issues: Issues,
): CompleteCall | null {
  const known = catalogue.faithfulness_metrics ?? [];
  const kind: Kind<MetricInfo> = { noun: 'metric', route: '/faithfulness-metrics', known };
  const { name, args, at } = parts(wire, pointer);
  const info = find(name, at.name, kind, issues);
  return info && { name, args: complete(info, args, at.args, catalogue, issues) };
}

/** Name, arguments and where they are in the body: a call is written as `"name"` or `{"name", "args"}`. */
function parts(wire: WireCall, pointer: string) {
  return typeof wire === 'string'
    ? { name: wire, args: {}, at: { name: pointer, args: `${pointer}/args` } }
    : { name: wire.name, args: wire.args ?? {}, at: { name: `${pointer}/name`, args: `${pointer}/args` } };
}

function find<T extends Callable>(
  name: string,
  pointer: string,
  { noun, route, known: all }: Kind<T>,
  issues: Issues,
): T | null {
  const info = all.find(({ id }) => id === name);
  if (info !== undefined) return info;
  const ids = all.map(({ id }) => id);
  const known = suggestion(name, ids, `${noun}s`, meantBy(noun, name, ids));
  issues.add(pointer, `there is no ${noun} "${showName(name)}".${known} GET ${route} describes them.`);
  return null;
}

function applies<T extends Callable>(
  info: T,
  pointer: string,
  kind: Kind<T>,
  model: ModelInfo,
  ofModel: readonly string[],
  issues: Issues,
): boolean {
  if (!info.applies_to.includes(model.architecture)) {
    issues.add(
      pointer,
      `the ${kind.noun} "${info.id}" works with ${info.applies_to.join(' and ')} models; "${model.id}" is ${model.architecture}.`,
    );
    return false;
  }
  if (!ofModel.includes(info.id)) {
    issues.add(
      pointer,
      `the ${kind.noun} "${info.id}" does not apply to the model "${model.id}". Usable: ${ofModel.join(', ')}.`,
    );
    return false;
  }
  return true;
}

function complete(
  info: Callable,
  args: unknown,
  pointer: string,
  catalogue: Catalogue,
  issues: Issues,
): Record<string, unknown> {
  const checked = checkArguments(info.args_schema, args, pointer, argumentHints(catalogue));
  issues.addAll(checked.errors);
  return checked.args;
}
