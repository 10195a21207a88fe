// What a restore of some objects into a running cluster would create, change and delete.
import { isDeepStrictEqual } from 'node:util'
import { isJsonObject } from '../base/json.ts'

type Fields = Readonly<Record<string, unknown>>

export interface WantedObject {
  /** For example `deployments.apps`. */
  readonly resource: string
  readonly namespace: string
  readonly name: string
  /** As it was in the backup. */
  readonly object: Fields
}

export type SelectiveAction =
  | { readonly verb: 'create'; readonly target: WantedObject; readonly body: Fields }
  | { readonly verb: 'change'; readonly target: WantedObject; readonly body: Fields; readonly changed: readonly string[] }
  | { readonly verb: 'delete'; readonly target: WantedObject }
  /** It is as it was. */
  | { readonly verb: 'keep'; readonly target: WantedObject }
  | { readonly verb: 'skip'; readonly target: WantedObject; readonly why: string }

/** Made by the cluster itself from other objects, or about a moment that is over. */
const derived = new Set([
  'events',
  'events.events.k8s.io',
  'endpoints',
  'endpointslices.discovery.k8s.io',
  'leases.coordination.k8s.io',
  'nodes',
  'controllerrevisions.apps',
  'ipaddresses.networking.k8s.io',
])
/** Set by the API server for each object anew. */
const serverFields = [
  'resourceVersion',
  'uid',
  'creationTimestamp',
  'generation',
  'managedFields',
  'selfLink',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
]
const maxChanged = 20

/** Pure. `live` is undefined if the object does not exist. */
export function planObject(target: WantedObject, live: Fields | undefined): SelectiveAction {
  const owner = controllerOf(target.object)
  if (derived.has(target.resource)) return { verb: 'skip', target, why: 'the cluster makes it itself' }
  if (owner !== undefined) return { verb: 'skip', target, why: `${owner} makes it` }
  if (fieldsOf(target.object['metadata'])['deletionTimestamp'] !== undefined) return { verb: 'skip', target, why: 'it was being deleted' }
  const wanted = portable(target.object)
  if (live === undefined) return { verb: 'create', target, body: withoutAddresses(target.resource, wanted) }
  const now = portable(live)
  const kept = keptAddresses(target.resource, wanted, live)
  const changed = differences('', kept, now)
  if (changed.length === 0) return { verb: 'keep', target }
  const { resourceVersion, uid } = fieldsOf(live['metadata'])
  const body = { ...kept, metadata: { ...fieldsOf(kept['metadata']), resourceVersion, uid } }
  return { verb: 'change', target, body, changed }
}

/** Pure. For objects in the cluster that the backup does not have. */
export function planDeletion(target: WantedObject): SelectiveAction {
  const owner = controllerOf(target.object)
  if (derived.has(target.resource)) return { verb: 'skip', target, why: 'the cluster makes it itself' }
  return owner === undefined ? { verb: 'delete', target } : { verb: 'skip', target, why: `${owner} makes it` }
}

/** Those that others need first: namespaces, definitions of kinds, then rights and what workloads refer to. */
export function orderOf(resource: string): number {
  const first = ['namespaces', 'customresourcedefinitions.apiextensions.k8s.io', 'serviceaccounts', 'secrets', 'configmaps', 'services']
  const at = first.indexOf(resource)
  return at < 0 ? first.length : at
}

function portable(object: Fields): Fields {
  const { status: _, ...rest } = object
  const metadata = { ...fieldsOf(object['metadata']) }
  for (const field of serverFields) delete metadata[field]
  // Their uids are of other objects now.
  delete metadata['ownerReferences']
  return { ...rest, metadata }
}

/** Another Service may have it. A headless one keeps its "None". */
function withoutAddresses(resource: string, object: Fields): Fields {
  if (resource !== 'services') return object
  const { clusterIP, clusterIPs: _, healthCheckNodePort: __, ...spec } = fieldsOf(object['spec'])
  return { ...object, spec: { ...spec, ...(clusterIP === 'None' ? { clusterIP } : {}) } }
}

/** They cannot be changed. */
function keptAddresses(resource: string, object: Fields, live: Fields): Fields {
  if (resource !== 'services') return object
  const { clusterIP, clusterIPs } = fieldsOf(live['spec'])
  return { ...object, spec: { ...fieldsOf(object['spec']), clusterIP, clusterIPs } }
}

/** `Deployment "web"`; undefined if nothing controls it. */
function controllerOf(object: Fields): string | undefined {
  const owners = fieldsOf(object['metadata'])['ownerReferences']
  const controller = (Array.isArray(owners) ? owners : []).map(fieldsOf).find(owner => owner['controller'] === true)
  return controller === undefined ? undefined : `${controller['kind']} "${controller['name']}"`
}

/** Paths of the fields that differ, at most `maxChanged`. */
function differences(path: string, wanted: unknown, now: unknown): string[] {
  if (isDeepStrictEqual(wanted, now)) return []
  if (!isJsonObject(wanted) || !isJsonObject(now)) return [path]
  const names = new Set([...Object.keys(wanted), ...Object.keys(now)])
  return [...names].flatMap(name => differences(path === '' ? name : `${path}.${name}`, wanted[name], now[name])).slice(0, maxChanged)
}

const fieldsOf = (value: unknown): Fields => (isJsonObject(value) ? value : {})
