// The policies and trust roots in files: the objects as they would be applied to a cluster.
import { readFile, stat } from 'node:fs/promises'
import { parseYamlDocuments, YamlError } from '../../api/schema/yaml.ts'
import { isJsonObject } from '../../base/json.ts'
import { cannotRead, messageOf, UserError } from '../../base/user-error.ts'
import { type CompiledPolicy, parseImagePolicy } from '../../supply-chain/policy/parse-image-policy.ts'
import { parseTrustRoot, type TrustRoot } from '../../supply-chain/signatures/trust-root.ts'

export interface VerificationObjects {
  readonly policies: readonly CompiledPolicy[]
  readonly trustRoots: ReadonlyMap<string, TrustRoot>
}

/** A trusted root of sigstore has some ten KiB. */
export const maxFileBytes = 8 * 1024 * 1024
export const apiVersion = 'supply.bulkhead.dev/v1'

/** Rejects with a UserError that names the file and the object. */
export async function readObjects(files: readonly string[]): Promise<VerificationObjects> {
  const policies: CompiledPolicy[] = []
  const trustRoots = new Map<string, TrustRoot>()
  for (const file of files)
    for (const object of await readDocuments(file)) {
      const { kind, name, namespace, spec } = headOf(object, file)
      const named = `${kind} "${name}" in "${file}"`
      const read = <T>(parse: () => T): T => inObject(named, parse)
      if (kind === 'TrustRoot') {
        if (trustRoots.has(name)) throw new UserError(`${named}: there is another trust root of this name`)
        trustRoots.set(
          name,
          read(() => parseTrustRoot(name, spec)),
        )
      } else policies.push(read(() => parseImagePolicy(name, kind === 'ImagePolicy' ? (namespace ?? 'default') : undefined, spec)))
    }
  return { policies, trustRoots }
}

async function readDocuments(file: string): Promise<unknown[]> {
  let text: string
  try {
    const { size } = await stat(file)
    if (size > maxFileBytes) throw new UserError(`"${file}" has ${size} bytes, at most ${maxFileBytes} are read`)
    text = await readFile(file, 'utf8')
  } catch (err) {
    throw cannotRead(file, err)
  }
  try {
    return parseYamlDocuments(text)
  } catch (err) {
    if (err instanceof YamlError) throw new UserError(`"${file}": ${err.message}`, { cause: err })
    throw err
  }
}

interface Head {
  readonly kind: 'TrustRoot' | 'ImagePolicy' | 'ClusterImagePolicy'
  readonly name: string
  readonly namespace: string | undefined
  readonly spec: unknown
}

function headOf(object: unknown, file: string): Head {
  const { apiVersion: version, kind, metadata, spec } = isJsonObject(object) ? object : {}
  if (version !== apiVersion || (kind !== 'TrustRoot' && kind !== 'ImagePolicy' && kind !== 'ClusterImagePolicy'))
    throw new UserError(
      `"${file}" must have objects TrustRoot, ImagePolicy or ClusterImagePolicy of ${apiVersion}, got ${shown(kind)} of ${shown(version)}`,
    )
  const { name, namespace } = isJsonObject(metadata) ? metadata : {}
  if (typeof name !== 'string' || name === '') throw new UserError(`"${file}" has an object ${kind} without metadata.name`)
  return { kind, name, namespace: typeof namespace === 'string' ? namespace : undefined, spec }
}

const shown = (value: unknown): string => (typeof value === 'string' ? `"${value.slice(0, 100)}"` : 'none')

function inObject<T>(named: string, parse: () => T): T {
  try {
    return parse()
  } catch (err) {
    if (err instanceof UserError) throw new UserError(`${named}: ${messageOf(err)}`, { cause: err })
    throw err
  }
}
