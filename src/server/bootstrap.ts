// The initial objects of a cluster: system namespaces, the Service of the API, system priority classes.

import { kubernetesVersion } from '../api/kubernetes-version.ts'
import type { KubeObject } from '../api/object.ts'
import type { UserInfo } from '../api/user.ts'
import { writeJson } from '../base/write-json.ts'
import type { InProcessTransport } from './http/in-process.ts'
import type { ServedResources } from './resource/served-resource.ts'

/** As upstream's system-namespaces controller. */
const systemNamespaces: readonly string[] = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

type AnyObject = KubeObject & Record<string, unknown>

export function bootstrapNamespaces(): KubeObject[] {
  return systemNamespaces.map(
    (name): AnyObject => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    }),
  )
}

/** The Service `kubernetes`. */
export function kubernetesService(serviceIp: string, port: number): KubeObject {
  const metadata = { name: 'kubernetes', namespace: 'default' }
  const service: AnyObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      clusterIP: serviceIp,
      clusterIPs: [serviceIp],
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }],
      sessionAffinity: 'None',
      type: 'ClusterIP',
    },
    status: { loadBalancer: {} },
  }
  return service
}

/** Its endpoints: pods reach the servers at these addresses (not loopback, which validation refuses) and this port. */
export function kubernetesEndpoints(servers: readonly string[], port: number): KubeObject[] {
  const metadata = { name: 'kubernetes', namespace: 'default' }
  const endpoints: AnyObject = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: servers.map(ip => ({ ip })), ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  }
  const slice: AnyObject = {
    addressType: 'IPv4',
    apiVersion: 'discovery.k8s.io/v1',
    endpoints: servers.map(address => ({ addresses: [address], conditions: { ready: true } })),
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  }
  return [endpoints, slice]
}

export function systemPriorityClasses(): KubeObject[] {
  const classes: readonly (readonly [string, number, string])[] = [
    ['system-node-critical', 2_000_001_000, 'Used for system critical pods that must not be moved from their current node.'],
    [
      'system-cluster-critical',
      2_000_000_000,
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    ],
  ]
  return classes.map(
    ([name, value, description]): AnyObject => ({
      apiVersion: 'scheduling.k8s.io/v1',
      description,
      kind: 'PriorityClass',
      metadata: { name },
      preemptionPolicy: 'PreemptLowerPriority',
      value,
    }),
  )
}

/** The user agent of the server's own requests, which managed fields show. */
export const serverAgent = `kube-apiserver/${kubernetesVersion}`

/** The identity of the server's own requests, as upstream's loopback client. */
export const serverIdentity: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

const parallel = 32

export interface EnsureParts {
  readonly resources: ServedResources
  /** As `serverIdentity`: bootstrap writes are authorized, admitted and audited like all others. */
  readonly transport: InProcessTransport
  readonly signal: AbortSignal
}

/**
 * Creates missing objects; with `overwrite` also replaces existing ones. Namespaces come first.
 * Rejects with the first refusal.
 */
export async function ensureObjects(parts: EnsureParts, objects: readonly KubeObject[], overwrite = false): Promise<void> {
  await ensureAll(
    parts,
    objects.filter(({ kind }) => kind === 'Namespace'),
    overwrite,
  )
  await ensureAll(
    parts,
    objects.filter(({ kind }) => kind !== 'Namespace'),
    overwrite,
  )
}

async function ensureAll(parts: EnsureParts, objects: readonly KubeObject[], overwrite: boolean): Promise<void> {
  const waiting = [...objects]
  const work = async () => {
    for (let object = waiting.shift(); object !== undefined; object = waiting.shift()) await ensure(parts, object, overwrite)
  }
  await Promise.all(Array.from({ length: parallel }, work))
}

async function ensure({ resources, transport, signal }: EnsureParts, object: KubeObject, overwrite: boolean): Promise<void> {
  const { apiVersion = '', kind = '', metadata } = object
  const served = resources.byKind(apiVersion, kind)
  if (served === undefined) throw new Error(`bootstrap object of unknown kind ${apiVersion} ${kind}`)
  const { name = '', namespace = '' } = metadata
  const exists = served.collection.newest(namespace, name) !== undefined
  if (exists && !overwrite) return
  const prefix = served.definition.group === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`
  const collection = `${prefix}${namespace === '' ? '' : `/namespaces/${namespace}`}/${served.definition.plural}`
  const response = await transport.request(
    {
      method: exists ? 'PUT' : 'POST',
      path: exists ? `${collection}/${name}` : collection,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(writeJson(object)),
    },
    signal,
  )
  const chunks: Buffer[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  // 409: another server of the cluster was faster, so the object exists.
  if (response.status >= 300 && response.status !== 409) {
    throw new Error(`bootstrap of ${kind} "${name}" was refused with ${response.status}: ${Buffer.concat(chunks).toString()}`)
  }
}
