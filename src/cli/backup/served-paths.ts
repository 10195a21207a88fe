// The paths of objects, by their resource with its group, as a server's discovery shows them.
import type { RecordPlace } from '../../api/backup/record-line.ts'
import { isJsonObject } from '../../base/json.ts'
import { Client } from '../../client/client.ts'
import type { Transport } from '../../client/transport/transport.ts'

export interface ServedPath {
  readonly object: string
  readonly collection: string
}

export type PathOf = (place: Omit<RecordPlace, 'resource'>) => ServedPath

/** Of all resources that can be created. A namespace of '' in a collection stands for all of them. */
export async function servedPaths(transport: Transport, signal: AbortSignal): Promise<ReadonlyMap<string, PathOf>> {
  const client = new Client(transport)
  const paths = new Map<string, PathOf>()
  const groups = fieldsOf(await client.getPath('/apis', signal))['groups']
  const versions = (Array.isArray(groups) ? groups : []).map(group => String(fieldsOf(fieldsOf(group)['preferredVersion'])['groupVersion']))
  for (const version of ['v1', ...versions]) {
    const root = version.includes('/') ? `/apis/${version}` : `/api/${version}`
    const group = version.includes('/') ? `.${version.slice(0, version.indexOf('/'))}` : ''
    const { resources } = fieldsOf(await client.getPath(root, signal))
    for (const resource of Array.isArray(resources) ? resources : []) {
      const { name, namespaced, verbs } = fieldsOf(resource)
      if (typeof name !== 'string' || name.includes('/') || !Array.isArray(verbs) || !verbs.includes('create')) continue
      paths.set(`${name}${group}`, place => {
        const scope = namespaced === true && place.namespace !== '' ? `/namespaces/${encodeURIComponent(place.namespace)}` : ''
        const collection = `${root}${scope}/${name}`
        return { collection, object: `${collection}/${encodeURIComponent(place.name)}` }
      })
    }
  }
  return paths
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => (isJsonObject(value) ? value : {})
