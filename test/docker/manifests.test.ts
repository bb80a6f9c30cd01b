/** What docker/ says of the service agrees with the service: settings, routes, grace periods, metrics, images. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { VARIABLES } from '../../src/config.ts';
import { VERSION } from '../../src/version.ts';
import { PROJECT } from '../support/up.ts';
import { documents, expressions, metricsOf } from './expressions.ts';

const DOCKER = join(PROJECT, 'docker');
/** After SIGTERM a worker lets jobs end for 5 seconds, and takes up to 17 to hand over the others. */
const DRAIN_SECONDS = 30;

interface Container {
  name: string;
  image: string;
  env?: { name: string }[];
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  startupProbe?: Probe;
}
type Probe = { httpGet?: { path: string } };
interface Manifest {
  kind: string;
  metadata: { name: string };
  // biome-ignore lint/suspicious/noExplicitAny: of any kind
  spec: any;
}

const MANIFESTS = readdirSync(join(DOCKER, 'kubernetes')).flatMap(
  (file) => documents(`kubernetes/${file}`) as Manifest[],
);
const PODS = MANIFESTS.filter(({ spec }) => spec.template !== undefined);
const containersOf = ({ spec }: Manifest) => spec.template.spec.containers as Container[];
const KNOWN = new Set(VARIABLES.map(({ name }) => name));

test('every image is pinned, and ours is of this version', () => {
  const from = ['Dockerfile', 'Dockerfile.cuda'].flatMap((file) =>
    [...readFileSync(join(DOCKER, file), 'utf8').matchAll(/^FROM (\S+)/gm)].map(([, image]) => image),
  );
  const services = ['compose.yaml', 'compose.cuda.yaml'].flatMap((file) => {
    const [{ services: all }] = documents(file) as { services: Record<string, { image: string }> }[];
    return Object.values(all).map(({ image }) => image);
  });
  const images = [...from, ...services, ...PODS.flatMap(containersOf).map(({ image }) => image)];
  assert.ok(images.length >= 10);
  for (const image of images) {
    assert.match(
      image,
      /^(node:24\.\d+\.\d+-bookworm-slim|redis:\d+\.\d+\.\d+-bookworm|whence:\d+\.\d+\.\d+(-cuda)?)$/,
    );
    if (image.startsWith('whence:')) assert.ok(image.startsWith(`whence:${VERSION}`), image);
  }
});

test('the last stage of an image copies only what scripts/image.mjs has put together', () => {
  for (const file of ['Dockerfile', 'Dockerfile.cuda']) {
    const last =
      readFileSync(join(DOCKER, file), 'utf8')
        .split(/^FROM /m)
        .at(-1) ?? '';
    assert.deepEqual(
      [...last.matchAll(/^(?:COPY|ADD) (.*)$/gm)].map(([, what]) => what),
      ['--from=build /image .'],
      file,
    );
  }
});

test('settings are known, probes ask routes that there are, and a worker has the time to drain', () => {
  const { paths } = JSON.parse(readFileSync(join(PROJECT, 'openapi/openapi.json'), 'utf8'));
  for (const pod of PODS) {
    const { terminationGracePeriodSeconds: grace = 30 } = pod.spec.template.spec;
    for (const { name, env = [], resources, ...probes } of containersOf(pod)) {
      for (const variable of env) assert.ok(KNOWN.has(variable.name), `${pod.metadata.name}: ${variable.name}`);
      assert.ok(resources.requests.memory && resources.limits.memory && resources.requests.cpu, pod.metadata.name);
      for (const probe of [probes.livenessProbe, probes.readinessProbe, probes.startupProbe]) {
        if (probe?.httpGet !== undefined) assert.ok(probe.httpGet.path in paths, probe.httpGet.path);
      }
      if (name === 'worker') assert.ok(grace >= DRAIN_SECONDS, pod.metadata.name);
    }
  }
  const [{ services }] = documents('compose.yaml') as { services: Record<string, Record<string, unknown>> }[];
  for (const name of ['api', 'worker']) {
    assert.ok(Number.parseInt(String(services[name].stop_grace_period), 10) >= DRAIN_SECONDS);
    const settings = Object.keys(services[name].environment as object).filter((one) => one.startsWith('WHENCE_'));
    assert.ok(settings.length > 1 && settings.every((one) => KNOWN.has(one)), settings.join());
  }
});

test('workers scale by the work that waits, disruptions leave some, and selectors find their pods', () => {
  const names = (kind: string) => MANIFESTS.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
  const [scaled] = MANIFESTS.filter(({ kind }) => kind === 'ScaledObject');
  assert.ok(names('Deployment').includes(scaled.spec.scaleTargetRef.name));
  const queries = expressions().filter(({ where }) => where.startsWith('ScaledObject'));
  assert.deepEqual(
    queries.flatMap(({ expr }) => metricsOf(expr)),
    ['whence_queue_work_seconds'],
  );
  assert.deepEqual(names('PodDisruptionBudget'), ['whence-api', 'whence-worker']);
  const labels = PODS.map(({ spec }) => JSON.stringify(spec.template.metadata.labels));
  for (const { kind, metadata, spec } of MANIFESTS) {
    const selector = spec.selector?.matchLabels ?? spec.selector;
    if (selector !== undefined) assert.ok(labels.includes(JSON.stringify(selector)), `${kind} ${metadata.name}`);
  }
});
