// An object that comes from elsewhere than from a log of the store.
import { isJsonObject, parseJson } from '../base/json.ts'

export interface RestoredObject {
  readonly groupResource: string
  readonly namespace: string
  readonly name: string
  readonly revision: number
  readonly bytes: Buffer
  readonly labels: Readonly<Record<string, string>> | undefined
}

/** In no version of a resource, so that the server that declares it computes the fields anew. */
export const noFields = -1

/** The labels in the JSON of an object. Throws for bytes that are no object with this name and namespace. */
export function labelsOf(bytes: Buffer, { namespace, name }: Pick<RestoredObject, 'namespace' | 'name'>): RestoredObject['labels'] {
  const object = parseJson(bytes.toString('utf8'))
  const metadata = isJsonObject(object) ? object['metadata'] : undefined
  if (!isJsonObject(metadata) || metadata['name'] !== name || (metadata['namespace'] ?? '') !== namespace)
    throw new Error(`the object "${namespace}/${name}" has another name`)
  const { labels } = metadata
  if (!isJsonObject(labels)) return undefined
  const texts: [string, string][] = []
  for (const [key, value] of Object.entries(labels)) if (typeof value === 'string') texts.push([key, value])
  return texts.length === 0 ? undefined : Object.fromEntries(texts)
}
