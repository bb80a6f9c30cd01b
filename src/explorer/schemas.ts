/** What JSON Schemas of arguments say, as far as forms ask. */

export function propertiesOf(schema: Record<string, unknown>): Record<string, Record<string, unknown>> {
  return (schema.properties ?? {}) as Record<string, Record<string, unknown>>;
}

/** Arguments that the schema knows and whose values are not its defaults. */
export function changed(
  args: Record<string, unknown>,
  schema: Record<string, unknown> | undefined,
): Record<string, unknown> {
  const known = propertiesOf(schema ?? {});
  const entries = Object.entries(args).filter(([name, value]) => {
    return (
      name in known &&
      value !== undefined &&
      value !== '' &&
      JSON.stringify(value) !== JSON.stringify(known[name].default)
    );
  });
  return Object.fromEntries(entries);
}
