/** Templates as trees, with the names of Jinja's own nodes. */

export type Expression =
  | { readonly type: 'Const'; readonly value: null | boolean | bigint | number | string }
  | { readonly type: 'Name'; readonly name: string }
  | { readonly type: 'List'; readonly items: readonly Expression[] }
  | { readonly type: 'Tuple'; readonly items: readonly Expression[] }
  | { readonly type: 'Dict'; readonly items: readonly (readonly [key: Expression, value: Expression])[] }
  | {
      readonly type: 'CondExpr';
      readonly test: Expression;
      readonly value: Expression;
      readonly otherwise: Expression | null;
    }
  | { readonly type: 'And' | 'Or'; readonly left: Expression; readonly right: Expression }
  | { readonly type: 'Not'; readonly node: Expression }
  | { readonly type: 'Unary'; readonly operator: '-' | '+'; readonly node: Expression }
  | { readonly type: 'Binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly type: 'Concat'; readonly nodes: readonly Expression[] }
  | {
      readonly type: 'Compare';
      readonly first: Expression;
      readonly rest: readonly { readonly operator: string; readonly node: Expression }[];
    }
  | { readonly type: 'Getattr'; readonly node: Expression; readonly name: string }
  | { readonly type: 'Getitem'; readonly node: Expression; readonly item: Expression }
  | {
      readonly type: 'Slice';
      readonly start: Expression | null;
      readonly stop: Expression | null;
      readonly step: Expression | null;
    }
  | { readonly type: 'Call'; readonly node: Expression; readonly args: Arguments }
  | FilterExpression
  | {
      readonly type: 'Test';
      readonly node: Expression;
      readonly name: string;
      readonly negated: boolean;
      readonly args: Arguments;
    };

/** `node` is null where a filter stands alone: `{% filter upper %}`. */
export interface FilterExpression {
  readonly type: 'Filter';
  readonly node: Expression | null;
  readonly name: string;
  readonly args: Arguments;
}

export interface Arguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
  /** `*list` and `**mapping`. */
  readonly list: Expression | null;
  readonly mapping: Expression | null;
}

/** What a value can be given to. */
export type Target =
  | { readonly type: 'Name'; readonly name: string }
  | { readonly type: 'Tuple'; readonly items: readonly Target[] }
  | { readonly type: 'NSRef'; readonly name: string; readonly attribute: string };

/** Parameters of a macro, defaults belong to the last ones. */
export interface Signature {
  readonly names: readonly string[];
  readonly defaults: readonly Expression[];
}

export type Statement =
  | { readonly type: 'Data'; readonly text: string }
  | { readonly type: 'Output'; readonly node: Expression }
  | {
      readonly type: 'If';
      readonly branches: readonly { readonly test: Expression; readonly body: Body }[];
      readonly otherwise: Body;
    }
  | {
      readonly type: 'For';
      readonly target: Target;
      readonly iterable: Expression;
      readonly test: Expression | null;
      readonly recursive: boolean;
      readonly body: Body;
      readonly otherwise: Body;
    }
  | { readonly type: 'Set'; readonly target: Target; readonly value: Expression }
  | {
      readonly type: 'SetBlock';
      readonly target: Target;
      readonly filter: Expression | null;
      readonly body: Body;
    }
  | { readonly type: 'Macro'; readonly name: string; readonly signature: Signature; readonly body: Body }
  | {
      readonly type: 'CallBlock';
      readonly call: Expression & { readonly type: 'Call' };
      readonly signature: Signature;
      readonly body: Body;
    }
  | { readonly type: 'FilterBlock'; readonly filter: Expression; readonly body: Body }
  | {
      readonly type: 'With';
      readonly assignments: readonly (readonly [target: Target, value: Expression])[];
      readonly body: Body;
    }
  | { readonly type: 'Break' | 'Continue' };

export type Body = readonly Statement[];
