// Mutating policies and their result for one object, for tests of the plug-in.

import assert from 'node:assert/strict'
import type { KubeObject } from '../api/object.ts'
import { resources } from '../api/resources/index.ts'
import { ApiError } from '../api/status.ts'
import type {
  MutatingAdmissionPolicyBindingSpec,
  MutatingAdmissionPolicySpec,
  Mutation,
} from '../api/types/admissionregistration-v1alpha1.ts'
import { noAdmissionMetrics, readerOf } from './admission.fixture.ts'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import type { MutationObservation } from './admission-metrics.ts'
import { createAdmission } from './chain.ts'
import { createPlugin } from './plugin-definition.ts'
import { mutatingAdmissionPolicy } from './plugins/mutating-admission-policy.ts'
import { servedKinds } from './served-kinds.ts'

const kinds = servedKinds(resources)
export const apply = (expression: string): Mutation => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } })
export const patch = (expression: string): Mutation => ({ patchType: 'JSONPatch', jsonPatch: { expression } })
export const everything = {
  resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*', '*/*'] }],
  matchPolicy: 'Equivalent',
}

export interface Given {
  readonly spec: MutatingAdmissionPolicySpec
  /** Default: one empty binding. */
  readonly bindings?: readonly MutatingAdmissionPolicyBindingSpec[]
}

export interface Asked {
  /** By their names. */
  readonly policies: Readonly<Record<string, Given>>
  readonly object: KubeObject
  readonly oldObject?: KubeObject
  readonly kind?: readonly [apiVersion: string, kind: string]
  readonly subresource?: string
  readonly configMaps?: readonly KubeObject[]
  /** Plug-ins that run after it. */
  readonly behind?: readonly AdmissionPlugin[]
  readonly signal?: AbortSignal
}

export interface Mutated {
  readonly object: KubeObject
  readonly error: ApiError | undefined
  readonly annotations: ReadonlyMap<string, string>
  readonly observed: readonly MutationObservation[]
}

export const deployment = (spec: object = {}, metadata: object = {}): KubeObject => ({
  ...{ kind: 'Deployment', apiVersion: 'apps/v1', metadata: { name: 'd', namespace: 'default', ...metadata } },
  ...{ spec: { replicas: 1, ...spec } },
})

export async function mutate({
  policies,
  object,
  oldObject,
  kind = ['apps/v1', 'Deployment'],
  subresource = '',
  configMaps = [],
  behind = [],
  signal = new AbortController().signal,
}: Asked): Promise<Mutated> {
  const namespaces = [{ kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'default', labels: { team: 'a' } } }]
  const reader = readerOf({ namespaces, configmaps: configMaps })
  const observed: MutationObservation[] = []
  const source = {
    policies: () =>
      Object.entries(policies).map(([name, { spec }]) => ({ metadata: { name }, spec: { matchConstraints: everything, ...spec } })),
    bindings: () =>
      Object.entries(policies).flatMap(([name, { bindings = [{}] }]) =>
        bindings.map((spec, index) => ({
          metadata: { name: index === 0 ? `${name}-binding` : `${name}-binding-${index + 1}` },
          spec: { policyName: name, ...spec },
        })),
      ),
    onChange: () => undefined,
  }
  const plugin = createPlugin(mutatingAdmissionPolicy, {
    ...{ reader, kinds, mutatingSources: [source] },
    decide:
      () =>
      async ({ verb, resource }) => ({ allowed: verb === 'create' && resource === 'endpoints', reason: '' }),
    metrics: { ...noAdmissionMetrics, mutation: seen => void observed.push(seen) },
  })
  const annotations = new Map<string, string>()
  const request: AdmissionRequest = {
    operation: oldObject === undefined ? 'CREATE' : 'UPDATE',
    resource: kinds.byKind(...kind) ?? assert.fail(kind.join(' ')),
    ...{ subresource, namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' },
    ...{ object: structuredClone(object), oldObject, user: { name: 'ann', groups: [] }, dryRun: false },
    warn: () => undefined,
    annotate: (key, value) => void annotations.set(key, value),
  }
  let error: ApiError | undefined
  try {
    await createAdmission([plugin, ...behind]).mutate(request, signal)
  } catch (err) {
    if (!(err instanceof ApiError)) throw err
    error = err
  }
  return { object: request.object ?? assert.fail('no object'), error, annotations, observed }
}

export const one = (...mutations: Mutation[]): Asked['policies'] => ({ p: { spec: { mutations } } })
export const specOf = (object: KubeObject): Record<string, unknown> => (object as KubeObject & { spec: Record<string, unknown> }).spec
/** As decoded by its kind, with defaults, so that unchanged fields are equal. */
export async function read(object: KubeObject): Promise<KubeObject> {
  return (
    await mutate({
      policies: one(
        apply('Object{metadata: Object.metadata{labels: {"read": "1"}}}'),
        patch('[JSONPatch{op: "remove", path: "/metadata/labels"}]'),
      ),
      object,
    })
  ).object
}

export const container = (name: string, more: object = {}): object => ({ name, ...more })
export const containers = (...names: string[]): object => ({ template: { spec: { containers: names.map(name => container(name)) } } })
export const at = '/spec/template/spec/containers'
export const names = (object: KubeObject): string[] => {
  const { template } = specOf(object) as { template: { spec: { containers: { name: string }[] } } }
  return template.spec.containers.map(({ name }) => name)
}
