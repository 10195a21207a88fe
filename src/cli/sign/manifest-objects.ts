// The objects of files with manifests, one by one.
import { parseYamlDocuments, YamlError } from '../../api/schema/yaml.ts'
import { isJsonObject } from '../../base/json.ts'
import { cannotRead, UserError } from '../../base/user-error.ts'
import type { JsonObject } from '../../supply-chain/signatures/read-json.ts'

export interface ManifestObject {
  readonly object: JsonObject
  /** `Deployment "web" in "web.yaml"`, for messages. */
  readonly where: string
}

/** All charts of a product together have a few. */
export const maxFileBytes = 64 * 1024 * 1024

/** Lists are split. Rejects with a UserError that names the file. */
export async function readManifestObjects(
  files: readonly string[],
  readFile: (path: string) => Promise<Buffer>,
): Promise<ManifestObject[]> {
  const objects: ManifestObject[] = []
  for (const file of files) {
    const bytes = await readOr(file, readFile)
    if (bytes.length > maxFileBytes) throw new UserError(`"${file}" has ${bytes.length} bytes, at most ${maxFileBytes} are read`)
    for (const document of documentsOf(bytes, file)) {
      if (document === null || document === undefined) continue
      if (!isJsonObject(document)) throw new UserError(`"${file}" has a document that is no object`)
      const { items } = document
      for (const object of Array.isArray(items) && String(document['kind']).endsWith('List') ? items : [document]) {
        if (!isJsonObject(object)) throw new UserError(`"${file}" has a list with an item that is no object`)
        objects.push({ object, where: whereOf(object, file) })
      }
    }
  }
  if (objects.length === 0) throw new UserError('There are no objects in these files')
  return objects
}

async function readOr(file: string, readFile: (path: string) => Promise<Buffer>): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (err) {
    throw cannotRead(file, err)
  }
}

function documentsOf(bytes: Buffer, file: string): unknown[] {
  try {
    return parseYamlDocuments(bytes.toString('utf8'))
  } catch (err) {
    if (err instanceof YamlError) throw new UserError(`"${file}": ${err.message}`, { cause: err })
    throw err
  }
}

function whereOf(object: JsonObject, file: string): string {
  const { name } = isJsonObject(object['metadata']) ? object['metadata'] : {}
  return `${typeof object['kind'] === 'string' ? object['kind'] : 'object'} "${typeof name === 'string' ? name : ''}" in "${file}"`
}
