// All plug-ins over a small cluster, for their tests: what is admitted, with which changes, and the refusals.

import assert from 'node:assert/strict'
import type { KubeObject } from '../api/object.ts'
import { defineResource } from '../api/resources/resource.ts'
import { ApiError } from '../api/status.ts'
import type { StoreReader } from '../api/store-view.ts'
import type { UserInfo } from '../api/user.ts'
import { FakeStoreView, noPolicies } from './admission.fixture.ts'
import type { AdmissionRequest } from './admission.ts'
import { createAdmission } from './chain.ts'
import { enabledPlugins } from './enabled-plugins.ts'
import { admissionPlugins } from './plugins/index.ts'
import { QuotaLedger } from './quota/ledger.ts'

const admin: UserInfo = { name: 'admin', groups: ['system:masters'] }
export const kinds = {
  pods: defineResource({ group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }),
  namespaces: defineResource({ group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }),
  nodes: defineResource({ group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }),
  events: defineResource({ group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true }),
  services: defineResource({ group: '', version: 'v1', kind: 'Service', plural: 'services', namespaced: true }),
  serviceaccounts: defineResource({ group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true }),
  persistentvolumeclaims: defineResource({
    group: '',
    version: 'v1',
    kind: 'PersistentVolumeClaim',
    plural: 'persistentvolumeclaims',
    namespaced: true,
  }),
  deployments: defineResource({ group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true }),
  leases: defineResource({ group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', plural: 'leases', namespaced: true }),
  networkPolicies: defineResource({
    group: 'networking.k8s.io',
    version: 'v1',
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    namespaced: true,
  }),
  ingresses: defineResource({
    group: 'networking.k8s.io',
    version: 'v1',
    kind: 'Ingress',
    plural: 'ingresses',
    namespaced: true,
  }),
  priorityClasses: defineResource({
    group: 'scheduling.k8s.io',
    version: 'v1',
    kind: 'PriorityClass',
    plural: 'priorityclasses',
    namespaced: false,
  }),
  csrs: defineResource({
    group: 'certificates.k8s.io',
    version: 'v1',
    kind: 'CertificateSigningRequest',
    plural: 'certificatesigningrequests',
    namespaced: false,
  }),
}

/** The objects of the cluster, by `groupResource/namespace/name`. */
export function readerOf(objects: Readonly<Record<string, object>>): StoreReader {
  const all = new Map(Object.entries(objects) as [string, KubeObject][])
  return {
    get: (resource, namespace, name) => all.get(`${resource}/${namespace}/${name}`),
    list: (resource, namespace) => [...all].filter(([key]) => key.startsWith(`${resource}/${namespace ?? ''}`)).map(([, object]) => object),
  }
}

export const cluster = readerOf({
  'namespaces//team': { metadata: { name: 'team' } },
  'namespaces//loose': { metadata: { name: 'loose', labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } },
  'namespaces//kube-system': { metadata: { name: 'kube-system' } },
  'namespaces//leaving': { metadata: { name: 'leaving' }, status: { phase: 'Terminating' } },
  'serviceaccounts/team/default': { metadata: { name: 'default', namespace: 'team' } },
  'serviceaccounts/team/worker': { metadata: { name: 'worker', namespace: 'team' }, imagePullSecrets: [{ name: 'pull' }] },
  'serviceaccounts/team/bounded': {
    metadata: { name: 'bounded', namespace: 'team', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
    secrets: [{ name: 'listed' }],
  },
  'serviceaccounts/loose/default': { metadata: { name: 'default', namespace: 'loose' } },
  'serviceaccounts/kube-system/default': { metadata: { name: 'default', namespace: 'kube-system' } },
  'pods/team/mine': {
    metadata: { name: 'mine', namespace: 'team', uid: 'u1' },
    spec: { nodeName: 'n1', serviceAccountName: 'worker', volumes: [{ projected: { sources: [{ serviceAccountToken: {} }] } }] },
  },
  'pods/team/other': { metadata: { name: 'other', namespace: 'team', uid: 'u2' }, spec: { nodeName: 'n2', serviceAccountName: 'worker' } },
  'priorityclasses.scheduling.k8s.io//high': { metadata: { name: 'high' }, value: 1000 },
})

const feed = new FakeStoreView()
export const options = {
  ...noPolicies(cluster),
  reader: cluster,
  ...{ view: feed, quotaSource: feed, ledger: new QuotaLedger({ source: feed, now: () => 0 }), now: () => 0 },
  randomSuffix: () => 'abcde',
  hasRights: (_namespace: string, name: string) => name === 'worker',
  maySign: async ({ user }: { readonly user: UserInfo }) => user.name === 'admin',
  /** A request reads `commonName,organization,…`. */
  identityOf(text: string) {
    const [commonName = '', ...organizations] = text.split(',')
    return text === 'two' ? { problem: 'The subject has several common names' } : { commonName, organizations }
  },
}
/** The plug-ins that a profile enables by default. */
export const pluginsOf = (profile: 'secure' | 'upstream', reader: StoreReader = cluster) =>
  admissionPlugins({ ...options, reader, view: new FakeStoreView({ nodes: reader.list('nodes') }), profile }, enabledPlugins(profile, {}))
export const secure = createAdmission(pluginsOf('secure'))
export const upstream = createAdmission(pluginsOf('upstream'))

export type Input = Partial<Omit<AdmissionRequest, 'object' | 'oldObject' | 'resource'>> & {
  kind: keyof typeof kinds
  object?: object
  oldObject?: object
}

export async function admit(
  input: Input,
  admission = secure,
): Promise<{ object: KubeObject; warnings: string[]; annotations: Record<string, string> }> {
  const warnings: string[] = []
  const annotations: Record<string, string> = {}
  const object = input.object as KubeObject | undefined
  const request: AdmissionRequest = {
    operation: 'CREATE',
    subresource: '',
    namespace: kinds[input.kind].namespaced ? 'team' : '',
    name: object?.metadata?.name ?? 'x',
    user: admin,
    dryRun: false,
    ...input,
    resource: kinds[input.kind],
    object,
    oldObject: input.oldObject as KubeObject | undefined,
    warn: message => warnings.push(message),
    annotate: (key, value) => {
      annotations[key] = value
    },
  }
  const { signal } = new AbortController()
  await admission.mutate(request, signal)
  await admission.validate(request, signal)
  return { object: object ?? { metadata: {} }, warnings, annotations }
}

export const goodSpec = () => ({
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [{ name: 'app', image: 'a:1', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
})
export const pod = (spec: object = goodSpec(), metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'team', ...metadata },
  spec,
})
export const badPod = () => pod({ containers: [{ name: 'app', image: 'a:1', securityContext: { privileged: true } }] })
export const specOf = (object: KubeObject) =>
  (object as KubeObject & { spec: Record<string, unknown> & { containers: { volumeMounts?: object[] }[] } }).spec

export async function refusal(input: Input, admission = secure): Promise<ApiError> {
  try {
    await admit(input, admission)
  } catch (err) {
    assert.ok(err instanceof ApiError, String(err))
    return err
  }
  return assert.fail('was admitted')
}
