// Which TUF metadata an earlier import has accepted, noted in the TrustRoot: a later import accepts nothing older.
import { readFile } from 'node:fs/promises'
import { parseYamlDocuments, YamlError } from '../../api/schema/yaml.ts'
import { isJsonObject } from '../../base/json.ts'
import { cannotRead, UserError } from '../../base/user-error.ts'
import type { TufTrusted, TufVersions } from '../../supply-chain/signatures/tuf/update-tuf.ts'

export const versionsAnnotation = 'supply.bulkhead.dev/tuf-versions'

const form = /^timestamp=(\d{1,10}),snapshot=(\d{1,10}),targets=(\d{1,10})$/

export const versionsText = ({ timestamp, snapshot, targets }: TufVersions): string =>
  `timestamp=${timestamp},snapshot=${snapshot},targets=${targets}`

export function parseVersions(text: string): TufVersions | undefined {
  const [, timestamp, snapshot, targets] = form.exec(text) ?? []
  return timestamp === undefined ? undefined : { timestamp: Number(timestamp), snapshot: Number(snapshot), targets: Number(targets) }
}

/** `file` has the TrustRoot of the earlier import. Rejects with a UserError if it has none. */
export async function readAccepted(file: string): Promise<Required<TufTrusted>> {
  let documents: readonly unknown[]
  try {
    documents = parseYamlDocuments(await readFile(file, 'utf8'))
  } catch (err) {
    if (err instanceof YamlError) throw new UserError(`"${file}": ${err.message}`, { cause: err })
    throw cannotRead(file, err)
  }
  for (const document of documents) {
    const { kind, metadata, spec } = isJsonObject(document) ? document : {}
    const annotations = isJsonObject(metadata) && isJsonObject(metadata['annotations']) ? metadata['annotations'] : {}
    const tuf = isJsonObject(spec) && isJsonObject(spec['tuf']) ? spec['tuf'] : {}
    const text = annotations[versionsAnnotation]
    const versions = typeof text === 'string' ? parseVersions(text) : undefined
    if (kind === 'TrustRoot' && versions !== undefined && isJsonObject(tuf['root'])) return { root: tuf['root'], versions }
  }
  throw new UserError(
    `"${file}" has no TrustRoot with spec.tuf.root and the annotation "${versionsAnnotation}", as an import from a TUF repository writes it`,
  )
}
