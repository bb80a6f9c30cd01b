/** What docker/ asks of Prometheus: expressions of the dashboard, the alert rules and the autoscaler. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { parseAllDocuments } from 'yaml';
import { PROJECT } from '../support/up.ts';

interface Expression {
  where: string;
  expr: string;
}

interface Scaled {
  kind: string;
  metadata: { name: string };
  spec: { triggers: { metadata: { query: string } }[] };
}

export function expressions(): Expression[] {
  const dashboard = JSON.parse(read('monitoring/dashboard.json')) as {
    panels: { title: string; targets: { expr: string }[] }[];
  };
  const ofDashboard = dashboard.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ where: `panel "${title}"`, expr: expr.replaceAll('$__rate_interval', '5m') })),
  );
  const [alerts] = documents('monitoring/alerts.yaml') as { groups: { rules: { alert: string; expr: string }[] }[] }[];
  const ofAlerts = alerts.groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ where: alert, expr })));
  const scaled = (documents('kubernetes/worker.yaml') as Scaled[]).filter(({ kind }) => kind === 'ScaledObject');
  const ofScalers = scaled.flatMap(({ metadata, spec }) =>
    spec.triggers.map(({ metadata: { query } }) => ({ where: `ScaledObject ${metadata.name}`, expr: query })),
  );
  return [...ofDashboard, ...ofAlerts, ...ofScalers];
}

/** Names of metrics in an expression. @throws where it is no PromQL */
export function metricsOf(expr: string): string[] {
  const names: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ type, from, to, node }) => {
      if (type.isError) throw new Error(`${expr}: not understood at ${from}: ${expr.slice(from, to + 20)}`);
      if (type.name === 'Identifier' && node.parent?.name === 'VectorSelector') names.push(expr.slice(from, to));
    },
  });
  if (names.length === 0) throw new Error(`${expr}: names no metric`);
  return names;
}

/** The documents of a YAML file of docker/. */
export function documents(file: string): unknown[] {
  return parseAllDocuments(read(file), { merge: true }).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0].message}`);
    return document.toJS();
  });
}

const read = (file: string): string => readFileSync(join(PROJECT, 'docker', file), 'utf8');
