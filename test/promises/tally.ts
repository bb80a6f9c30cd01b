/** What a campaign has counted and measured, over all its runs: plain data, so that a later run goes on from a file. */
export class Tally {
  readonly counts: Record<string, number> = {};
  readonly samples: Record<string, number[]> = {};
  /** Each broken promise with what was seen; the first hundred. */
  readonly broken: string[] = [];

  static from({ counts, samples, broken }: Pick<Tally, 'counts' | 'samples' | 'broken'>): Tally {
    const tally = new Tally();
    Object.assign(tally.counts, counts);
    Object.assign(tally.samples, samples);
    tally.broken.push(...broken);
    return tally;
  }

  add(name: string, by = 1): void {
    this.counts[name] = this.count(name) + by;
  }

  count(name: string): number {
    return this.counts[name] ?? 0;
  }

  sample(name: string, value: number): void {
    this.samples[name] ??= [];
    this.samples[name].push(value);
  }

  /** Notes that something did not hold. */
  break(what: string): void {
    this.add('broken');
    if (this.broken.length < 100) this.broken.push(what);
  }

  expect(holds: boolean, what: string): void {
    if (!holds) this.break(what);
  }

  /** The value below which a share `p` of the samples lies; 0 where there is none. */
  percentile(name: string, p: number): number {
    const sorted = [...(this.samples[name] ?? [])].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? 0;
  }

  worst(name: string): number {
    return this.percentile(name, 1);
  }
}
