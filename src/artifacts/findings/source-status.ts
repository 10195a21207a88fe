// What an AdvisorySource says of what was imported under its name. Pure.
import type { Condition } from '../../api/types/meta-v1.ts'
import type { AdvisorySource, AdvisorySourceStatus } from '../../api/types/supply-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { UserError } from '../../base/user-error.ts'
import type { SourceState } from '../../supply-chain/advisories/database/source-file.ts'
import { keyDigest, readPublicKey } from '../../supply-chain/advisories/database/verify-feed.ts'
import type { SourceRule } from './findings.ts'

/** No source fits one whose key cannot be read. */
export function ruleOf({ metadata: { name = '' }, spec: { format, publicKey } }: AdvisorySource): SourceRule {
  return { name, format, ...(publicKey === undefined ? {} : { key: digestOfKey(publicKey) ?? 'unreadable' }) }
}

function digestOfKey(pem: string): string | undefined {
  try {
    return keyDigest(readPublicKey(pem, 'spec.publicKey'))
  } catch (err) {
    if (err instanceof UserError) return undefined
    throw err
  }
}

/** Undefined if the object says so already. */
export function sourceStatus(
  source: AdvisorySource,
  imported: SourceState | undefined,
  fetchProblem: string | undefined,
  now: number,
): AdvisorySourceStatus | undefined {
  const ready = readyCondition(source, imported, fetchProblem)
  const { status = {} } = source
  const facts: AdvisorySourceStatus =
    imported === undefined
      ? {}
      : {
          imported: formatTime(imported.importedAt),
          published: formatTime(imported.time),
          entries: imported.entries,
          digest: `sha256:${imported.digest}`,
        }
  const before = status.conditions?.find(({ type }) => type === 'Ready')
  const same = before?.status === ready.status && before.reason === ready.reason && before.message === ready.message
  const unchanged = (['imported', 'published', 'entries', 'digest'] as const).every(
    field => facts[field] === undefined || facts[field] === status[field],
  )
  if (same && unchanged) return undefined
  const lastTransitionTime = before?.status === ready.status ? before.lastTransitionTime : formatTime(now)
  return { ...facts, conditions: [{ ...ready, lastTransitionTime }] }
}

type Ready = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

function readyCondition(
  { metadata: { name = '' }, spec: { format, publicKey, url } }: AdvisorySource,
  imported: SourceState | undefined,
  fetchProblem: string | undefined,
): Ready {
  const not = (reason: string, message: string): Ready => ({ type: 'Ready', status: 'False', reason, message })
  const key = publicKey === undefined ? undefined : digestOfKey(publicKey)
  if (publicKey !== undefined && key === undefined) return not('BadKey', 'spec.publicKey must be an Ed25519 or ECDSA public key in PEM')
  if (imported === undefined)
    return fetchProblem === undefined
      ? not('NotImported', url === undefined ? `bulkhead advisories import ${format} --name ${name} FILE` : 'it has not been fetched yet')
      : not('FetchFailed', fetchProblem)
  if (imported.format !== format) return not('OtherFormat', `what was imported is in the format "${imported.format}"`)
  if (key !== undefined && imported.key !== key)
    return not('OtherKey', imported.key === undefined ? 'what was imported is not signed' : 'what was imported is signed by another key')
  return fetchProblem === undefined
    ? { type: 'Ready', status: 'True', reason: 'Imported', message: `${imported.entries} entries` }
    : { type: 'Ready', status: 'True', reason: 'FetchFailed', message: fetchProblem }
}
