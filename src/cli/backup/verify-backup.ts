// Verifies a backup: fetches it, restores it into a shadow server in a process without rights, and compares object by object.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readPack } from '../../backup/format/open-pack.ts'
import type { RestorePlan } from '../../backup/restore-plan.ts'
import type { Target } from '../../backup/targets/target.ts'
import { inParallel } from '../../base/async/in-parallel.ts'
import { formatLink, type LinkPack } from '../../base/backup/backup-link.ts'
import { isJsonObject, isTexts } from '../../base/json.ts'
import { type IsolatedLimits, isolatedLimits, runIsolated } from '../isolated/run-isolated.ts'
import type { ShadowRequest, ShadowResult } from './shadow-work.ts'

export interface VerifyOptions {
  readonly target: Target
  readonly plan: RestorePlan
  readonly identities: readonly string[]
  /** Where encrypted packs lie meanwhile. Default: the machine's folder for temporary files. */
  readonly scratch?: string
}

export interface VerifiedBackup extends ShadowResult {
  /** Encrypted bytes that were read, and the number of their packs. */
  readonly bytes: number
  readonly packs: number
}

/** 100,000 objects take about half of it. */
const limits: IsolatedLimits = { ...isolatedLimits, memoryBytes: 3 * 1024 ** 3 }
const readsAtOnce = 8

/** Rejects with a `BackupFault`, or a UserError of the process, for a backup that cannot be restored at all. */
export async function verifyBackup({ target, plan, identities, scratch }: VerifyOptions, signal: AbortSignal): Promise<VerifiedBackup> {
  const parent = scratch ?? tmpdir()
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(join(parent, 'bulkhead-verify-'))
  try {
    const { base, changes, revision, newest } = plan
    const state: readonly LinkPack[] = [...base.content.chunks, ...changes.map(({ content }) => content.pack)]
    const stateNames = new Set(state.map(({ pack }) => pack))
    const all = new Map(
      [...state, ...newest.content.audit.flatMap(({ packs }) => packs), ...(newest.content.keys ? [newest.content.keys] : [])].map(ref => [
        ref.pack,
        ref,
      ]),
    )
    let bytes = 0
    await inParallel([...all.values()], readsAtOnce, async ref => {
      const content = await readPack(target, ref, signal)
      bytes += content.length
      if (stateNames.has(ref.pack)) await writeFile(join(folder, ref.pack), content)
    })
    const request: ShadowRequest = {
      ...{ identities, revision, base: formatLink(base).toString() },
      changes: changes.map(link => formatLink(link).toString()),
    }
    const result = parseResult(await runIsolated('shadow', request, [folder], signal, limits))
    return { ...result, bytes, packs: all.size }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The process has read hostile content. */
function parseResult(value: unknown): ShadowResult {
  if (!isJsonObject(value)) throw new Error('The shadow server gave no result')
  const { compared, missing, changed, added, checks } = value
  if (typeof compared !== 'number' || !isTexts(missing) || !isTexts(changed) || !isTexts(added) || !Array.isArray(checks))
    throw new Error('The result of the shadow server is incomplete')
  return { compared, missing, changed, added, checks: checks.map(parseCheck) }
}

function parseCheck(value: unknown): ShadowResult['checks'][0] {
  if (!isJsonObject(value) || typeof value['name'] !== 'string') throw new Error('A check of the shadow server has no name')
  const { name, problem } = value
  return { name, problem: typeof problem === 'string' ? problem : undefined }
}

/** What is wrong with it, as sentences; empty if all objects are as they were. */
export function problemsOf({ missing, changed, added, checks, compared }: ShadowResult, objects: number | undefined): string[] {
  return [
    ...missing.map(place => `Missing: ${place}`),
    ...changed.map(place => `Changed: ${place}`),
    ...added.map(place => `Not in the backup: ${place}`),
    ...checks.flatMap(({ problem }) => problem ?? []),
    ...(objects !== undefined && objects !== compared ? [`${compared} objects were restored, but the API server had ${objects}`] : []),
  ]
}
