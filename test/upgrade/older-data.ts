// The data directories of earlier releases: RELEASE.tar.gz, and what was in it as RELEASE.json.
// Their keys are those of clusters that were made for this and run nowhere.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, type TestCluster } from '../cluster.ts'

export const folder = import.meta.dirname
export const namespace = 'shop'
/** An object of more than 64 KiB lies in a file of its own. */
export const largeText = 'large '.repeat(12_000)

const namespaced = [
  ...['configmaps', 'secrets', 'serviceaccounts', 'services', 'persistentvolumeclaims', 'pods', 'deployments', 'replicasets', 'cronjobs'],
  ...['networkpolicies', 'roles', 'rolebindings', 'orders.shop.example.com', 'resourcequotas', 'limitranges'],
]
/** Objects of the test alone: those that a release creates itself may differ in the next one. */
const ofCluster = [
  ...['namespace/shop', 'customresourcedefinition/orders.shop.example.com', 'validatingadmissionpolicy/no-red'],
  ...['validatingadmissionpolicybinding/no-red', 'denyrule.bulkhead.dev/no-shells'],
]

interface StoredObject {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string; readonly resourceVersion: string }
}

/** By kind, namespace and name: what clients of an upgraded cluster must find again. Without status, which controllers go on writing. */
type Found = Record<string, object>

export async function readObjects(cluster: TestCluster): Promise<{ readonly objects: Found; readonly revision: number }> {
  const lists = await Promise.all([
    cluster.kubectl('get', namespaced.join(','), '-n', namespace, '-o', 'json'),
    cluster.kubectl('get', ...ofCluster, '-o', 'json'),
  ])
  const items = lists.flatMap(text => (JSON.parse(text) as { readonly items: StoredObject[] }).items)
  const revision = Math.max(...items.map(({ metadata }) => Number(metadata.resourceVersion)))
  return { objects: Object.fromEntries(items.map(item => [nameOf(item), withoutStatus(item)])), revision }
}

const nameOf = ({ kind, metadata }: StoredObject): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`

function withoutStatus(object: StoredObject): object {
  const { status, metadata, ...kept } = object as StoredObject & { readonly status?: object }
  const { resourceVersion, managedFields, ...named } = metadata as StoredObject['metadata'] & { readonly managedFields?: object }
  return { ...kept, metadata: named }
}

/** Names of the releases whose data is kept. */
export const releases = (): string[] =>
  readdirSync(folder)
    .filter(name => name.endsWith('.tar.gz'))
    .map(name => name.slice(0, -'.tar.gz'.length))

export const contentOf = (release: string) =>
  JSON.parse(readFileSync(join(folder, `${release}.json`), 'utf8')) as { readonly objects: Found; readonly revision: number }

export async function tar(...args: string[]): Promise<void> {
  const { code, stderr } = await run('tar', args)
  if (code !== 0) throw new Error(`tar ${args.join(' ')}: ${stderr}`)
}
