/** `?dry_run=true` of routes whose requests are quoted. */
import Type from 'typebox';

export const DryRun = Type.Object({
  dry_run: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Answer with a quote of the request, checked like any other: no job is made, and nothing is stored.',
    }),
  ),
});
