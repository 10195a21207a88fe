// Restores a backup into a shadow server and compares all objects, in the process without rights: whatever a backup holds, it reaches nothing.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareObjects, digestOf, RecordedDigests } from '../../backup/compare-objects.ts'
import { packOpener } from '../../backup/format/open-pack.ts'
import type { RestorePlan } from '../../backup/restore-plan.ts'
import { restoredObjects } from '../../backup/restored-objects.ts'
import { parseLink } from '../../base/backup/backup-link.ts'
import { isJsonObject, isTexts } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import type { IsolatedWork } from '../isolated/isolated-work.ts'
import { checkShadow } from './check-shadow.ts'
import { openShadow, shownDigests } from './shadow-server.ts'

/** What the caller sends: the links as their JSON, so that they are parsed here too. */
export interface ShadowRequest {
  readonly identities: readonly string[]
  readonly revision: number
  readonly base: string
  readonly changes: readonly string[]
}

export interface ShadowResult {
  readonly compared: number
  /** Objects by resource, namespace and name; at most `maxNamed` of each. */
  readonly missing: readonly string[]
  readonly changed: readonly string[]
  readonly added: readonly string[]
  /** What else was checked, and what is wrong. */
  readonly checks: readonly { readonly name: string; readonly problem: string | undefined }[]
}

const maxNamed = 100

export const shadowWork: IsolatedWork = {
  async run(input, [folder = ''], signal): Promise<ShadowResult> {
    const { identities, plan } = parsed(input)
    const open = packOpener(identities)
    const read = async (ref: Parameters<typeof open>[0]) => await open(ref, await readFile(join(folder, ref.pack)))
    const objects = await restoredObjects(plan, read)
    // Read a second time, by other code: what was recorded must not depend on how it is restored.
    const recorded = new RecordedDigests(plan.revision)
    for (const ref of [...plan.base.content.chunks, ...plan.changes.map(({ content }) => content.pack)]) recorded.add(await read(ref))
    await using shadow = await openShadow(objects.values(), plan.revision, signal)
    const shown = await shownDigests(shadow.transport, signal)
    const { compared, missing, added, ...found } = compareObjects(recorded.all, shown)
    const changed = [...found.changed]
    // The digests themselves must be those of the objects.
    for (const [place, { bytes, sha256 }] of objects)
      if (bytes !== undefined && digestOf(bytes) !== sha256 && !changed.includes(place)) changed.push(place)
    const checks = await checkShadow(shadow.transport, objects.values(), signal)
    return { compared, missing: missing.slice(0, maxNamed), changed: changed.slice(0, maxNamed), added: added.slice(0, maxNamed), checks }
  },
}

function parsed(input: unknown): {
  readonly identities: readonly string[]
  readonly plan: Omit<RestorePlan, 'newest' | 'objects'> & RestorePlan
} {
  if (!isJsonObject(input)) throw new Error('The request is no object')
  const { identities, revision, base, changes } = input
  if (!isTexts(identities) || typeof revision !== 'number' || typeof base !== 'string' || !isTexts(changes))
    throw new Error('The request is incomplete')
  const full = parseLink(Buffer.from(base))
  const { content } = full
  if (content.kind !== 'backup') throw new UserError('The link is no backup')
  const links = changes
    .map(text => parseLink(Buffer.from(text)))
    .map(link => {
      const { content: changed } = link
      if (changed.kind !== 'changes') throw new UserError('A link holds no changes')
      return { ...link, content: changed }
    })
  const backup = { ...full, content }
  return { identities, plan: { revision, base: backup, changes: links, objects: undefined, newest: backup } }
}
